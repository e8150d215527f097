/**
 * The cgroups of one container: made, joined, limited, measured, frozen, killed and removed.
 *
 * Source: opencontainers/cgroups `cgroups.go` (the Manager interface).
 *
 * @module
 */
import type { CgroupFs } from "../host/cgroup_fs.ts";
import type { LinuxResources } from "../oci.ts";
import type { FreezeOptions, FreezerState } from "./freezer_options.ts";
import type { CgroupLayout } from "./layout.ts";
import { type CgroupPaths, resolveCgroupPaths } from "./path.ts";
import type { RemoveOptions } from "./remove.ts";
import type { CgroupStats } from "./stats.ts";
import { cgroupsV1 } from "./v1/manager.ts";
import { cgroupsV2 } from "./v2/manager.ts";

/** What a new process does to be in the container's cgroups from its first instruction on. */
export interface CgroupJoin {
  /**
   * Files to write `0` to from the process itself, single-threaded: v1 `tasks`. (`cgroup.procs` would cost an RCU grace
   * period, some 15 ms on an idle machine.)
   */
  readonly tasks: readonly string[];
  /** Unified cgroup: give a descriptor of `dir` to clone3 with CLONE_INTO_CGROUP, or write `0` to `procs`. */
  readonly unified?: { readonly dir: string; readonly procs: string };
}

/** Ends processes. @throws an error with `code` = errno name. */
export type KillProcess = (pid: number, signal: number) => void;

/** The cgroups of one container. Calls that wait return promises; the others are done when they return. */
export interface CgroupManager {
  /** 1 also on a hybrid machine. */
  readonly version: 1 | 2;
  /** Directories by controller; the unified one under "". */
  readonly paths: CgroupPaths;
  /**
   * Makes the cgroups that are not there, with what must be set before a process can join. Undone if it fails.
   *
   * @throws {CgroupError} of the errno's class.
   */
  create(resources: LinuxResources): void;
  /** How a process joins; of a cgroup below with `sub` (exec --cgroup), relative and not climbing out. */
  join(sub?: string): CgroupJoin;
  /** Writes limits; what `resources` does not name is left alone. @throws {CgroupError} naming file and value. */
  set(resources: LinuxResources): void;
  /**
   * The eBPF device filter to load and attach to `paths[""]`; undefined on v1, where {@linkcode set} does it, and if
   * everything is allowed.
   */
  deviceFilter(resources: LinuxResources): Uint8Array | undefined;
  /** Counters, as `runc events --stats` has them. @throws {CgroupError} */
  stats(): CgroupStats;
  /** Stops every process. @throws {CgroupError} `DEADLINE_EXCEEDED`, thawed again. */
  freeze(options?: FreezeOptions): Promise<void>;
  /** Lets them run again. @throws {CgroupError} */
  thaw(): void;
  freezerState(): FreezerState;
  /** Processes of the cgroup itself. @throws {CgroupError} */
  pids(): number[];
  /** Processes of the cgroup and all below it. @throws {CgroupError} */
  allPids(): number[];
  /** How often the kernel's OOM killer struck. */
  oomKills(): bigint;
  /** Kills every process, also those that fork meanwhile. @throws {CgroupError} */
  killAll(kill?: KillProcess): Promise<void>;
  exists(): boolean;
  /** Removes the cgroups, children first; none there is no error. @throws {CgroupError} if processes remain. */
  destroy(options?: RemoveOptions): Promise<void>;
}

/** Where a container's cgroups go. */
export interface CgroupRequest {
  /** Container id. */
  readonly id: string;
  /** `linux.cgroupsPath`. @default {""} */
  readonly cgroupsPath?: string | undefined;
}

/**
 * The cgroups of a container on this machine.
 *
 * @throws {CgroupError} `FAILED_PRECONDITION` if the machine has no usable hierarchy.
 */
export function openCgroups(fs: CgroupFs, layout: CgroupLayout, request: CgroupRequest): CgroupManager {
  return loadCgroups(fs, layout, resolveCgroupPaths(layout, request.cgroupsPath ?? "", request.id));
}

/** The cgroups at known directories, as a container's state file has them. */
export function loadCgroups(fs: CgroupFs, layout: CgroupLayout, paths: CgroupPaths): CgroupManager {
  return layout.mode === "v2" ? cgroupsV2(fs, layout, paths) : cgroupsV1(fs, layout, paths);
}
