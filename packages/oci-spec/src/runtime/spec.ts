/**
 * Types of config.json: what all platforms share. Field names are the wire's.
 *
 * Source: runtime-spec 1.3.0 `config.md`, `specs-go/config.go`. Linux has its own file; the platforms that we type but
 * do not run are in `spec_platforms.ts`.
 *
 * @module
 */
import type {
  CpuAffinity,
  Linux,
  LinuxCapabilities,
  LinuxIdMapping,
  LinuxIoPriority,
  Scheduler,
} from "./spec_linux.ts";
import type { FreeBsd, Solaris, Vm, Windows, Zos } from "./spec_platforms.ts";

/**
 * An unsigned 64-bit number; `parseSpec` gives a bigint where a JavaScript number would lose digits.
 *
 * Plain `JSON.parse` turns 2^64-1 into the number 2^64, so readers treat anything at or above 2^64-1 as that.
 */
export type Uint64 = number | bigint;

/** A whole config.json. */
export interface Spec {
  /** Version of the runtime-spec that this config is written to, e.g. `1.3.0`. */
  ociVersion: string;
  /** What to run; `start` needs it. */
  process?: Process;
  /** Root file system; required but for Hyper-V. */
  root?: Root;
  /** Host name seen in the container; needs a UTS namespace. */
  hostname?: string;
  /** NIS domain name seen in the container; needs a UTS namespace. */
  domainname?: string;
  /** Mounts beside the root, in this order. */
  mounts?: Mount[];
  /** Programs to run at points of the lifecycle. */
  hooks?: Hooks;
  /** Free data; some keys have a meaning to some runtimes. */
  annotations?: Record<string, string>;
  /** Linux part. */
  linux?: Linux;
  /** Solaris part. */
  solaris?: Solaris;
  /** Windows part. */
  windows?: Windows;
  /** Virtual machine part. */
  vm?: Vm;
  /** z/OS part. */
  zos?: Zos;
  /** FreeBSD part. */
  freebsd?: FreeBsd;
}

/** What to run in the container; also the argument of `exec --process`. */
export interface Process {
  /** Whether it gets a terminal. */
  terminal?: boolean;
  /** Size of the terminal. Characters. */
  consoleSize?: Box;
  /** Whom it runs as. */
  user: User;
  /** Program and its arguments; at least one on POSIX. */
  args?: string[];
  /** Windows: the whole command line. */
  commandLine?: string;
  /** Environment, `NAME=value`. */
  env?: string[];
  /** Working directory; absolute. */
  cwd: string;
  /** Linux capabilities; none if absent. */
  capabilities?: LinuxCapabilities;
  /** Resource limits; no type twice. */
  rlimits?: PosixRlimit[];
  /** Whether the process may never gain privileges by exec. */
  noNewPrivileges?: boolean;
  /** AppArmor profile. */
  apparmorProfile?: string;
  /** `oom_score_adj`, -1000 to 1000; untouched if absent. */
  oomScoreAdj?: number;
  /** Scheduling policy. */
  scheduler?: Scheduler;
  /** SELinux label. */
  selinuxLabel?: string;
  /** I/O priority. */
  ioPriority?: LinuxIoPriority;
  /** CPUs for exec: before and after the move into the cgroup. */
  execCPUAffinity?: CpuAffinity;
}

/** Size of a terminal. */
export interface Box {
  /** Rows. */
  height: number;
  /** Columns. */
  width: number;
}

/** Whom a process runs as. */
export interface User {
  /** User id, in the container's user namespace. */
  uid: number;
  /** Group id, in the container's user namespace. */
  gid: number;
  /** File mode creation mask; untouched if absent. */
  umask?: number;
  /** Supplementary groups. */
  additionalGids?: number[];
  /** Windows: user name. */
  username?: string;
}

/** One resource limit. */
export interface PosixRlimit {
  /** Name, e.g. `RLIMIT_NOFILE`. */
  type: string;
  /** Ceiling; 2^64-1 is no limit. */
  hard: Uint64;
  /** What the kernel enforces; 2^64-1 is no limit. */
  soft: Uint64;
}

/** The root file system. */
export interface Root {
  /** Directory; relative to the bundle or absolute. */
  path: string;
  /** Whether it is mounted read-only. */
  readonly?: boolean;
}

/** One mount. */
export interface Mount {
  /** Where, in the container; absolute. */
  destination: string;
  /** File system type; `bind` or anything for bind mounts. */
  type?: string;
  /** Device, directory (relative to the bundle or absolute) or a name. */
  source?: string;
  /** Words of fstab; `bind` or `rbind` makes it a bind mount. */
  options?: string[];
  /** Idmapped mount: users. */
  uidMappings?: LinuxIdMapping[];
  /** Idmapped mount: groups. */
  gidMappings?: LinuxIdMapping[];
}

/** One hook. */
export interface Hook {
  /** Program; absolute. */
  path: string;
  /** Its argument list, its own name first. */
  args?: string[];
  /** Its environment, `NAME=value`. */
  env?: string[];
  /** How long it may run; above zero. Seconds. */
  timeout?: number;
}

/** Names of the hook points in the order of the lifecycle. */
export type HookName =
  | "prestart"
  | "createRuntime"
  | "createContainer"
  | "startContainer"
  | "poststart"
  | "poststop";

/** Hooks by point of the lifecycle. */
export type Hooks = { [point in HookName]?: Hook[] };
