/**
 * The cgroups of a container on cgroup v1, and on hybrid machines.
 *
 * @module
 */
import type { CgroupFs } from "../../host/cgroup_fs.ts";
import type { LinuxResources } from "../../oci.ts";
import { CgroupError } from "../cgroup_error.ts";
import type { CgroupController } from "../controller.ts";
import { readAllPids, readKeyed, readOptional, readPids, writeLimit } from "../files.ts";
import { killByEngine, killFrozen } from "../kill_all.ts";
import type { CgroupLayout } from "../layout.ts";
import type { CgroupJoin, CgroupManager, KillProcess } from "../manager.ts";
import type { CgroupPaths } from "../path.ts";
import { makeCgroup, removeCgroup } from "../remove.ts";
import { emptyStats } from "../stats.ts";
import { subCgroup } from "../sub_path.ts";
import { blkioV1 } from "./blkio.ts";
import { cpuacctV1, cpuV1, setRealtime } from "./cpu.ts";
import { cpusetV1, makeCpuset } from "./cpuset.ts";
import { devicesV1 } from "./devices.ts";
import { freezerStateV1, freezeV1, thawV1 } from "./freezer.ts";
import { hugetlbV1 } from "./hugetlb.ts";
import { memoryV1 } from "./memory.ts";
import { netClsV1 } from "./net_cls.ts";
import { netPrioV1 } from "./net_prio.ts";
import { pidsV1 } from "./pids.ts";
import { rdmaV1 } from "./rdma.ts";

/** Controllers in the order runc sets them. */
const CONTROLLERS: readonly CgroupController[] = [
  cpusetV1,
  devicesV1,
  memoryV1,
  cpuV1,
  cpuacctV1,
  pidsV1,
  blkioV1,
  hugetlbV1,
  netClsV1,
  netPrioV1,
  rdmaV1,
];

/** The parts of `resources` that belong to a controller: asked for without it mounted, they must fail. */
function isAsked(name: string, resources: LinuxResources): boolean {
  const { memory, cpu, pids, blockIO, hugepageLimits, network, rdma } = resources;
  switch (name) {
    case "memory":
      return Boolean(memory?.limit || memory?.swap || memory?.reservation);
    case "cpu":
      return Boolean(cpu?.shares || cpu?.quota || cpu?.period || cpu?.realtimePeriod || cpu?.realtimeRuntime);
    case "cpuset":
      return Boolean(cpu?.cpus || cpu?.mems);
    case "pids":
      return pids?.limit !== undefined;
    case "blkio":
      return Boolean(blockIO?.weight);
    case "hugetlb":
      return Boolean(hugepageLimits?.length);
    case "net_cls":
      return Boolean(network?.classID);
    case "net_prio":
      return Boolean(network?.priorities?.length);
    case "rdma":
      return Object.keys(rdma ?? {}).length > 0;
    default:
      return false;
  }
}

/** The cgroups at `paths`, one directory per controller. */
export function cgroupsV1(fs: CgroupFs, layout: CgroupLayout, paths: CgroupPaths): CgroupManager {
  const dirs = [...new Set(Object.values(paths))];
  const v1Dirs = [...new Set(Object.entries(paths).flatMap(([name, dir]) => (name === "" ? [] : [dir])))];
  const unified = paths[""];

  const need = (name: string, verb: string): string => {
    const dir = paths[name];
    if (dir !== undefined) return dir;
    throw new CgroupError("FAILED_PRECONDITION", `cannot ${verb}: cgroup controller ${name} is not mounted`);
  };

  const make = (dir: string, resources: LinuxResources): string[] => {
    if (dir !== paths.cpuset) return makeCgroup(fs, dir);
    const mount = layout.v1.find((m) => m.controllers.includes("cpuset"))?.mountpoint ?? "";
    return makeCpuset(fs, mount, dir, () => cpusetV1.set?.(fs, dir, resources));
  };

  const undo = (made: readonly string[]): void => {
    for (const dir of [...made].reverse()) {
      try {
        fs.rmdir(dir);
      } catch {
        // Somebody else uses it by now; the error that brought us here says what went wrong.
      }
    }
  };

  /** Whether every process of the container is in the unified cgroup too, so that `cgroup.kill` reaches it. */
  const isAllUnified = (): boolean => {
    if (unified === undefined || !fs.exists(`${unified}/cgroup.kill`)) return false;
    const there = new Set(readAllPids(fs, unified));
    return readAllPids(fs, need("devices", "list processes")).every((pid) => there.has(pid));
  };

  const manager: CgroupManager = {
    version: 1,
    paths,
    create(resources) {
      const made: string[] = [];
      try {
        for (const dir of dirs) made.push(...make(dir, resources));
        if (paths.cpu !== undefined && resources.cpu !== undefined) {
          setRealtime(fs, paths.cpu, resources.cpu);
        }
      } catch (err) {
        undo(made);
        throw err;
      }
    },
    join(sub = ""): CgroupJoin {
      const tasks = v1Dirs.map((dir) => `${subCgroup(dir, sub)}/tasks`);
      if (unified === undefined) return { tasks };
      const dir = subCgroup(unified, sub);
      return { tasks, unified: { dir, procs: `${dir}/cgroup.procs` } };
    },
    set(resources) {
      if (Object.keys(resources.unified ?? {}).length > 0) {
        throw new CgroupError(
          "INVALID_ARGUMENT",
          "invalid configuration: cannot use unified on cgroup v1", // runc's text, errors.go ErrV1NoUnified
        );
      }
      for (const controller of CONTROLLERS) {
        const dir = paths[controller.name];
        if (dir !== undefined) controller.set?.(fs, dir, resources);
        else if (isAsked(controller.name, resources)) need(controller.name, `set ${controller.name} limit`);
      }
    },
    deviceFilter: () => undefined,
    stats() {
      const stats = emptyStats();
      for (const controller of CONTROLLERS) {
        const dir = paths[controller.name];
        if (dir !== undefined) controller.read?.(fs, dir, stats);
      }
      return stats;
    },
    freeze: (options) => freezeV1(fs, need("freezer", "freeze cgroup"), options),
    thaw: () => thawV1(fs, need("freezer", "thaw cgroup")),
    freezerState: () => (paths.freezer === undefined ? "undefined" : freezerStateV1(fs, paths.freezer)),
    pids: () => readPids(fs, need("devices", "list processes")),
    allPids: () => readAllPids(fs, need("devices", "list processes")),
    oomKills() {
      if (paths.memory === undefined) return 0n;
      return readKeyed(fs, paths.memory, "memory.oom_control")?.oom_kill ?? 0n;
    },
    async killAll(kill: KillProcess = killByEngine) {
      if (unified !== undefined && isAllUnified()) {
        // A stopped process does not die; v1 has no kill that thaws by itself.
        writeLimit(fs, unified, "cgroup.kill", "cgroup kill", 1);
        if (paths.freezer !== undefined && readOptional(fs, paths.freezer, "freezer.state") !== undefined) {
          manager.thaw();
        }
        return;
      }
      await killFrozen(manager, kill);
    },
    exists: () => fs.exists(need("devices", "find cgroup")),
    async destroy(options) {
      const results = await Promise.allSettled(dirs.map((dir) => removeCgroup(fs, dir, options)));
      for (const result of results) if (result.status === "rejected") throw result.reason;
    },
  };
  return manager;
}
