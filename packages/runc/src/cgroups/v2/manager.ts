/**
 * The cgroup of a container on cgroup v2.
 *
 * @module
 */
import type { CgroupFs } from "../../host/cgroup_fs.ts";
import { CgroupError } from "../cgroup_error.ts";
import type { CgroupController } from "../controller.ts";
import { isUnsupported, readAllPids, readKeyed, readPids, writeLimit } from "../files.ts";
import { killByEngine, killFrozen } from "../kill_all.ts";
import type { CgroupLayout } from "../layout.ts";
import type { CgroupManager, KillProcess } from "../manager.ts";
import type { CgroupPaths } from "../path.ts";
import { removeCgroup } from "../remove.ts";
import { emptyStats } from "../stats.ts";
import { subCgroup } from "../sub_path.ts";
import { cpuV2 } from "./cpu.ts";
import { cpusetV2 } from "./cpuset.ts";
import { createV2 } from "./create.ts";
import { deviceFilterV2 } from "./devices.ts";
import { freezerStateV2, freezeV2, thawV2 } from "./freezer.ts";
import { hugetlbV2 } from "./hugetlb.ts";
import { ioV2 } from "./io.ts";
import { memoryV2 } from "./memory.ts";
import { pidsV2 } from "./pids.ts";
import { rdmaV2 } from "./rdma.ts";
import { setUnified } from "./unified.ts";

/** Controllers in the order runc sets them. */
const CONTROLLERS: readonly CgroupController[] = [pidsV2, memoryV2, ioV2, cpuV2, cpusetV2, hugetlbV2, rdmaV2];

/** Has the kernel kill everything; false where it cannot: before Linux 5.14, and in a threaded cgroup. */
function killAtOnce(fs: CgroupFs, dir: string): boolean {
  if (!fs.exists(`${dir}/cgroup.kill`)) return false;
  try {
    writeLimit(fs, dir, "cgroup.kill", "cgroup kill", 1);
    return true;
  } catch (err) {
    if (err instanceof CgroupError && isUnsupported(err.cause)) return false;
    throw err;
  }
}

/** The cgroup at `paths[""]`. */
export function cgroupsV2(fs: CgroupFs, layout: CgroupLayout, paths: CgroupPaths): CgroupManager {
  const dir = paths[""];
  const mountpoint = layout.unified?.mountpoint;
  if (dir === undefined || mountpoint === undefined) {
    throw new CgroupError("FAILED_PRECONDITION", "cannot open cgroup: no unified hierarchy");
  }
  const manager: CgroupManager = {
    version: 2,
    paths,
    create: (resources) => createV2(fs, mountpoint, dir, resources),
    join(sub = "") {
      const target = subCgroup(dir, sub);
      return { tasks: [], unified: { dir: target, procs: `${target}/cgroup.procs` } };
    },
    set(resources) {
      for (const controller of CONTROLLERS) controller.set?.(fs, dir, resources);
      setUnified(fs, dir, resources);
    },
    deviceFilter: ({ devices }) => (devices === undefined ? undefined : deviceFilterV2(devices)),
    stats() {
      const stats = emptyStats();
      for (const controller of CONTROLLERS) controller.read?.(fs, dir, stats);
      return stats;
    },
    freeze: (options) => freezeV2(fs, dir, options),
    thaw: () => thawV2(fs, dir),
    freezerState: () => freezerStateV2(fs, dir),
    pids: () => readPids(fs, dir),
    allPids: () => readAllPids(fs, dir),
    oomKills: () => readKeyed(fs, dir, "memory.events")?.oom_kill ?? 0n,
    async killAll(kill: KillProcess = killByEngine) {
      if (!killAtOnce(fs, dir)) await killFrozen(manager, kill);
    },
    exists: () => fs.exists(dir),
    destroy: (options) => removeCgroup(fs, dir, options),
  };
  return manager;
}
