/**
 * What every machine must do, and the tests of this repository that run in it.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { MACHINES, type Machine, type MachineName } from "../src/vm/machine.ts";
import { runInVm } from "../src/vm/run.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const CACHE = process.env.RT_VM_CACHE ?? join(homedir(), ".cache/rt-vm");

/** Why `machine` cannot be started here; its emulator is installed if it can be. */
function missing(machine: Machine): string | undefined {
  if (process.platform !== "linux") return "needs Linux";
  if (!existsSync("/usr/bin/busybox")) return "needs busybox-static";
  if (existsSync(join("/usr/bin", machine.qemu))) return undefined;
  if (process.getuid?.() !== 0) return `needs ${machine.qemuPackage}, or root to install it`;
  try {
    const options = ["install", "-y", "--no-install-recommends", machine.qemuPackage];
    execFileSync("apt-get", options, { stdio: "ignore", timeout: 60_000 });
    return undefined;
  } catch {
    return `needs ${machine.qemuPackage}, which cannot be installed`;
  }
}

/** Defines the tests of the machine `name`. */
export function vmSuite(name: MachineName): void {
  const machine = MACHINES.find((m) => m.name === name)!;
  const reason = missing(machine);
  const title = `${machine.name}${reason === undefined ? "" : ` (skipped: ${reason})`}`;

  describe.skipIf(reason !== undefined)(title, () => {
    async function inside(command: readonly string[], timeoutMs: number): Promise<[string, number]> {
      let output = "";
      const { status } = await runInVm({
        machine,
        command,
        repository: ROOT,
        cwd: join(ROOT, "packages/runc"),
        env: { NO_COLOR: "1" },
        cacheDir: CACHE,
        timeoutMs,
        onOutput: (text) => {
          output += text;
        },
      });
      return [output, status];
    }

    it("has cgroup v2 alone, all controllers handed down, and carries output and status back", async () => {
      const script = "grep -c cgroup /proc/mounts; cat /sys/fs/cgroup/cgroup.subtree_control; exit 7";
      const [output, status] = await inside(["sh", "-c", script], 100_000);
      expect(output).toMatch(/^1\n/);
      for (const controller of ["cpuset", "cpu", "io", "memory", "pids"])
        expect(output).toContain(controller);
      expect(status).toBe(7);
    });

    it("tells of a machine that takes too long", async () => {
      await expect(inside(["sleep", "100"], 3000)).rejects.toThrow(
        /^cannot run command in .*: not done after 3000 ms/,
      );
    });

    it("runs the tests of cgroup v2, and of containers under its limits", async () => {
      const [output, status] = await inside(
        [
          ...["node", "../../node_modules/vitest/vitest.mjs", "run", "--root", "."],
          ...["--config", "../tools/vitest/system.config.ts"],
          ...["test/integration/cgroups_v2.test.ts", "test/integration/limits_v2.test.ts"],
        ],
        240_000,
      );
      expect(status, output).toBe(0);
      expect(output).toMatch(/Test Files {2}2 passed \(2\)/);
      expect(output).not.toMatch(/skipped/);
    }, 300_000);
  });
}
