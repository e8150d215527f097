import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { DEFAULT_DEVICE_RULES } from "../../src/cgroups/device_rules.ts";
import { detectCgroupLayout } from "../../src/cgroups/layout.ts";
import { type CgroupManager, openCgroups } from "../../src/cgroups/manager.ts";
import { statsJson } from "../../src/cgroups/stats.ts";
import { linuxCgroupFs } from "../../src/host/cgroup_fs_linux.ts";

const fs = linuxCgroupFs();
const isRoot = process.getuid?.() === 0;
const layout = isRoot ? detectCgroupLayout(fs) : undefined;
const reason = !isRoot ? "needs root" : layout?.mode === "v2" ? "needs cgroup v1 hierarchies" : "";

const opened: CgroupManager[] = [];
const children: ChildProcess[] = [];

function open(name: string): CgroupManager {
  const cgroups = openCgroups(fs, layout!, { id: name, cgroupsPath: `/rt-test-${process.pid}-${name}` });
  opened.push(cgroups);
  return cgroups;
}

/** A process inside: a shell that joins by the files it is told, then sleeps. */
async function inside(cgroups: CgroupManager, command = "exec sleep 60"): Promise<ChildProcess> {
  const { tasks, unified } = cgroups.join();
  const joins = [...tasks, ...(unified === undefined ? [] : [unified.procs])].map((f) => `echo 0 > ${f}`);
  const child = spawn("/bin/sh", ["-c", [...joins, "echo in", command].join("; ")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  await new Promise((resolve) => child.stdout?.once("data", resolve));
  return child;
}

const ended = (child: ChildProcess): Promise<unknown> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve(child.signalCode)
    : new Promise((resolve) => child.once("exit", (_, signal) => resolve(signal)));

afterAll(async () => {
  for (const child of children)
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
  for (const cgroups of opened) await cgroups.destroy();
  for (const dir of opened.flatMap((c) => Object.values(c.paths))) expect(existsSync(dir), dir).toBe(false);
});

describe.skipIf(reason !== "")(
  `cgroups of this machine${reason === "" ? "" : ` (skipped: ${reason})`}`,
  () => {
    it("confine a process from its first instruction, limit it and count it", async () => {
      const cgroups = open("limits");
      cgroups.create({});
      cgroups.set({
        memory: { limit: 64 << 20 },
        pids: { limit: 20 },
        cpu: { shares: 512, quota: 50_000, period: 100_000 },
      });
      const child = await inside(cgroups);
      expect(cgroups.pids()).toContain(child.pid);
      const own = readFileSync(`/proc/${child.pid}/cgroup`, "utf8");
      for (const name of Object.keys(cgroups.paths))
        expect(own).toMatch(new RegExp(`${name}[^:]*:/rt-test-`));
      const read = (name: string, file: string) =>
        readFileSync(`${cgroups.paths[name]}/${file}`, "utf8").trim();
      expect(read("memory", "memory.limit_in_bytes")).toBe(String(64 << 20));
      expect(read("pids", "pids.max")).toBe("20");
      expect(read("cpu", "cpu.shares")).toBe("512");
      expect(read("cpu", "cpu.cfs_quota_us")).toBe("50000");
      const stats = cgroups.stats();
      expect(stats.pids).toEqual({ current: 1n, limit: 20n });
      expect(stats.memory.usage.limit).toBe(BigInt(64 << 20));
      expect(stats.cpu.usage.total).toBeGreaterThan(0n);
      expect(JSON.parse(statsJson(stats)).pids).toEqual({ current: 1, limit: 20 });
      await cgroups.killAll();
      expect(await ended(child)).toBe("SIGKILL");
      await cgroups.destroy();
      expect(cgroups.exists()).toBe(false);
    });

    it("name file, value and reason when a limit is impossible", async () => {
      const cgroups = open("busy");
      cgroups.create({});
      await inside(cgroups);
      expect(() => cgroups.set({ cpu: { cpus: "999" } })).toThrow(
        /^cannot set cpuset cpus 999: write \S+\/cpuset\.cpus: (EINVAL|ERANGE|ENODEV|EACCES|ENOSPC)/,
      );
      expect(() => cgroups.set({ cpu: { shares: 1 } })).toThrow("the minimum allowed cpu-shares is 2");
    });

    it("refuse devices outside the rules, and keep an unchanged list untouched", async () => {
      const cgroups = open("devices");
      cgroups.create({});
      const devices = [{ allow: false, type: "a" as const, access: "rwm" }, ...DEFAULT_DEVICE_RULES];
      cgroups.set({ devices });
      const child = await inside(
        cgroups,
        "head -c1 /dev/zero >/dev/null && echo zero-ok; head -c1 /dev/mem 2>&1 >/dev/null | grep -o 'Operation not permitted'; echo end",
      );
      let text = "";
      for await (const chunk of child.stdout!) text += chunk;
      expect(text).toContain("zero-ok");
      if (existsSync("/dev/mem")) expect(text).toContain("Operation not permitted");
      expect(readFileSync(`${cgroups.paths.devices}/devices.list`, "utf8")).toContain("c 1:3 rwm");
      cgroups.set({ devices });
    });

    it("freeze and thaw, and kill what is frozen", async () => {
      const cgroups = open("freezer");
      cgroups.create({});
      const child = await inside(cgroups);
      await cgroups.freeze();
      expect(cgroups.freezerState()).toBe("frozen");
      cgroups.thaw();
      expect(cgroups.freezerState()).toBe("thawed");
      await cgroups.freeze();
      await cgroups.killAll();
      expect(await ended(child)).toBe("SIGKILL");
    });

    it("kill one by one where a process is not in the unified cgroup", async () => {
      const cgroups = open("walk");
      cgroups.create({});
      const child = await inside({ ...cgroups, join: () => ({ tasks: cgroups.join().tasks }) });
      await cgroups.killAll();
      expect(await ended(child)).toBe("SIGKILL");
    });

    it("are removed with what a container made inside, also while its processes leave", async () => {
      const cgroups = open("remove");
      cgroups.create({});
      fs.mkdir(`${cgroups.paths.memory}/sub`);
      const child = await inside(cgroups);
      writeFileSync(`${cgroups.paths.memory}/sub/tasks`, String(child.pid));
      await expect(cgroups.destroy({ timeoutMs: 20 })).rejects.toThrow(
        /cannot remove cgroup: rmdir \S+: EBUSY/,
      );
      await cgroups.killAll();
      child.kill("SIGKILL");
      await ended(child);
      await cgroups.destroy();
      expect(cgroups.exists()).toBe(false);
      expect(existsSync(cgroups.paths.memory!)).toBe(false);
    });
  },
);
