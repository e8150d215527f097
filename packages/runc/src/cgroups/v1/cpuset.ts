/**
 * CPU and memory placement on cgroup v1.
 *
 * A new cpuset is empty and nothing can join it until it has CPUs and nodes, so every level inherits what it lacks from
 * the one above. Source: Linux Documentation/admin-guide/cgroup-v1/cpusets.rst; opencontainers/cgroups fs/cpuset.go.
 *
 * @module
 */
import type { CgroupFs } from "../../host/cgroup_fs.ts";
import type { CgroupController } from "../controller.ts";
import { parseCpuList, parseU64, readOptional, readRequired, readU64, writeLimit } from "../files.ts";
import { makeCgroup } from "../remove.ts";

const parentOf = (dir: string): string => dir.slice(0, dir.lastIndexOf("/"));

/**
 * Makes the cpuset `dir` ready to be joined, and the levels between it and the mount as well.
 *
 * @param set Writes the values of the container's own, before the rest is inherited.
 * @returns What was made, outermost first.
 * @throws {CgroupError}
 */
export function makeCpuset(fs: CgroupFs, mountpoint: string, dir: string, set: () => void): string[] {
  const parent = parentOf(dir);
  const above = parent === mountpoint || fs.exists(dir) ? [] : makeCpuset(fs, mountpoint, parent, () => {});
  const made = [...above, ...makeCgroup(fs, dir)];
  set();
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    if (readRequired(fs, dir, file).trim() !== "") continue;
    writeLimit(fs, dir, file, file, readRequired(fs, parent, file).trim());
  }
  return made;
}

/** The cpuset controller. */
export const cpusetV1: CgroupController = {
  name: "cpuset",
  set(fs, dir, { cpu }) {
    if (cpu?.cpus) writeLimit(fs, dir, "cpuset.cpus", "cpuset cpus", cpu.cpus);
    if (cpu?.mems) writeLimit(fs, dir, "cpuset.mems", "cpuset mems", cpu.mems);
  },
  read(fs, dir, stats) {
    const value = (file: string): bigint => readU64(fs, dir, `cpuset.${file}`) ?? 0n;
    const level = readOptional(fs, dir, "cpuset.sched_relax_domain_level")?.trim() ?? "0";
    stats.cpuset = {
      cpus: parseCpuList(readOptional(fs, dir, "cpuset.cpus") ?? ""),
      cpu_exclusive: value("cpu_exclusive"),
      mems: parseCpuList(readOptional(fs, dir, "cpuset.mems") ?? ""),
      mem_hardwall: value("mem_hardwall"),
      mem_exclusive: value("mem_exclusive"),
      memory_migrate: value("memory_migrate"),
      memory_spread_page: value("memory_spread_page"),
      memory_spread_slab: value("memory_spread_slab"),
      memory_pressure: value("memory_pressure"),
      sched_load_balance: value("sched_load_balance"),
      sched_relax_domain_level: level === "-1" ? -1n : parseU64(level, "cpuset.sched_relax_domain_level"),
    };
  },
};
