import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { detectCgroupLayout } from "../../src/cgroups/layout.ts";
import { openCgroups } from "../../src/cgroups/manager.ts";
import { statsJson } from "../../src/cgroups/stats.ts";
import { linuxCgroupFs } from "../../src/host/cgroup_fs_linux.ts";

const BUSYBOX = "/usr/bin/busybox";
const reason =
  process.getuid?.() !== 0
    ? "needs root"
    : spawnSync("runc", ["--version"], { stdio: "ignore" }).status !== 0
      ? "needs runc"
      : existsSync(BUSYBOX)
        ? undefined
        : `needs ${BUSYBOX}`;

/** The shape of a JSON value: keys and kinds, without the numbers; counters by device are one entry. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shape(value[0])];
  if (typeof value !== "object" || value === null) return value === null ? null : typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, shape(v)]),
  );
}

/** Statistics of cgroup v2 as runc before 1.2 has them: no pressure, no peak of memory. */
function asBefore12(stats: ReturnType<typeof JSON.parse>): unknown {
  for (const part of [stats.blkio, stats.cpu, stats.memory]) delete part.psi;
  if (detectCgroupLayout(linuxCgroupFs()).mode === "v2") delete stats.memory.usage.max;
  return stats;
}

describe.skipIf(reason !== undefined)(
  `stats beside real runc${reason ? ` (skipped: ${reason})` : ""}`,
  () => {
    it("have the shape of runc events --stats, and the same limits", async () => {
      const dir = mkdtempSync(join(tmpdir(), "rt-stats-"));
      const id = `rt-test-${process.pid}`;
      const runc = (...args: string[]): string =>
        execFileSync("runc", ["--root", join(dir, "state"), ...args], {
          stdio: ["ignore", "pipe", "pipe"],
        }).toString();
      try {
        mkdirSync(join(dir, "rootfs"));
        copyFileSync(BUSYBOX, join(dir, "rootfs", "busybox"));
        const config = {
          ociVersion: "1.0.2",
          process: { args: ["/busybox", "sleep", "60"], cwd: "/", user: { uid: 0, gid: 0 } },
          root: { path: "rootfs" },
          mounts: [{ destination: "/proc", type: "proc", source: "proc" }],
          linux: {
            cgroupsPath: `/${id}`,
            namespaces: [{ type: "pid" }, { type: "mount" }],
            resources: { memory: { limit: 33554432 }, pids: { limit: 9 } },
          },
        };
        writeFileSync(join(dir, "config.json"), JSON.stringify(config));
        execFileSync("runc", ["--root", join(dir, "state"), "run", "-d", "--bundle", dir, id], {
          stdio: "ignore",
        });
        const fs = linuxCgroupFs();
        const cgroups = openCgroups(fs, detectCgroupLayout(fs), { id, cgroupsPath: `/${id}` });
        const theirs = JSON.parse(runc("events", "--stats", id)).data;
        const ours = JSON.parse(statsJson(cgroups.stats()));
        expect(ours.memory.usage.limit).toBe(33554432);
        expect(ours.pids).toEqual(theirs.pids);
        expect(ours.cpuset).toEqual(theirs.cpuset);
        expect(shape(theirs.cpu.psi === undefined ? asBefore12(ours) : ours)).toEqual(shape(theirs));
        expect(cgroups.pids()).toHaveLength(1);
      } finally {
        spawnSync("runc", ["--root", join(dir, "state"), "delete", "--force", id]);
        rmSync(dir, { recursive: true, force: true });
      }
      expect(execFileSync("find", ["/sys/fs/cgroup", "-name", id]).toString()).toBe("");
    });
  },
);
