/**
 * The controllers of cgroup v1, all together: limits and counters of a container.
 *
 * @module
 */
import type { CgroupFs } from "../../host/cgroup_fs.ts";
import type { LinuxResources } from "../../oci.ts";
import { CgroupError } from "../cgroup_error.ts";
import type { CgroupController } from "../controller.ts";
import type { CgroupPaths } from "../path.ts";
import { type CgroupStats, emptyStats } from "../stats.ts";
import { blkioV1 } from "./blkio.ts";
import { cpuacctV1, cpuV1 } from "./cpu.ts";
import { cpusetV1 } from "./cpuset.ts";
import { devicesV1 } from "./devices.ts";
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

/** The directory of a controller. @throws {CgroupError} `FAILED_PRECONDITION` if it is not mounted. */
export function needController(paths: CgroupPaths, name: string, verb: string): string {
  const dir = paths[name];
  if (dir !== undefined) return dir;
  throw new CgroupError("FAILED_PRECONDITION", `cannot ${verb}: cgroup controller ${name} is not mounted`);
}

/** Writes limits to every controller. @throws {CgroupError} */
export function setV1(fs: CgroupFs, paths: CgroupPaths, resources: LinuxResources): void {
  if (Object.keys(resources.unified ?? {}).length > 0) {
    // Text of opencontainers/cgroups v1_utils.go `ErrV1NoUnified`.
    throw new CgroupError("INVALID_ARGUMENT", "invalid configuration: cannot use unified on cgroup v1");
  }
  for (const controller of CONTROLLERS) {
    const dir = paths[controller.name];
    if (dir !== undefined) controller.set?.(fs, dir, resources);
    else if (isAsked(controller.name, resources)) {
      needController(paths, controller.name, `set ${controller.name} limit`);
    }
  }
}

/** Reads the counters of every controller. @throws {CgroupError} */
export function readV1(fs: CgroupFs, paths: CgroupPaths): CgroupStats {
  const stats = emptyStats();
  for (const controller of CONTROLLERS) {
    const dir = paths[controller.name];
    if (dir !== undefined) controller.read?.(fs, dir, stats);
  }
  return stats;
}
