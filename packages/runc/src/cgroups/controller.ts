/**
 * What one cgroup controller can do: apply its part of the resources, and add its part of the statistics.
 *
 * @module
 */
import type { CgroupFs } from "../host/cgroup_fs.ts";
import type { LinuxResources } from "../oci.ts";
import type { CgroupStats } from "./stats.ts";

/** One controller; every file of `v1/` and `v2/` is one. */
export interface CgroupController {
  /** Name as the kernel has it; for v2 also `devices` and `freezer`, which are no real controllers there. */
  readonly name: string;
  /** Writes the limits that `resources` asks for; what is not asked for is left alone. @throws {CgroupError} */
  set?(fs: CgroupFs, dir: string, resources: LinuxResources): void;
  /** Reads counters into `stats`; files that are not there are left out. @throws {CgroupError} */
  read?(fs: CgroupFs, dir: string, stats: CgroupStats): void;
}
