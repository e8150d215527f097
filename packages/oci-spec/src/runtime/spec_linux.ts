/**
 * Types of config.json: the Linux part. Field names are the wire's.
 *
 * Source: runtime-spec 1.3.0 `config-linux.md`, `specs-go/config.go`.
 *
 * @module
 */
import type { LinuxResources } from "./spec_resources.ts";
import type { Seccomp } from "./spec_seccomp.ts";

/** The `linux` object. */
export interface Linux {
  /** User namespace: users. */
  uidMappings?: LinuxIdMapping[];
  /** User namespace: groups. */
  gidMappings?: LinuxIdMapping[];
  /** Kernel parameters of the container's namespaces, e.g. `net.ipv4.ip_forward`. */
  sysctl?: Record<string, string>;
  /** Cgroup limits. */
  resources?: LinuxResources;
  /** Cgroup: a path, or `slice:prefix:name` for systemd. */
  cgroupsPath?: string;
  /** Namespaces to make or to join; no type twice. */
  namespaces?: LinuxNamespace[];
  /** Device nodes to make beside the default ones. */
  devices?: LinuxDevice[];
  /** Network devices of the host to move in, by their name on the host (1.3). */
  netDevices?: Record<string, LinuxNetDevice>;
  /** System call filter. */
  seccomp?: Seccomp;
  /** Propagation of the root mount. */
  rootfsPropagation?: string;
  /** Absolute paths that cannot be read. */
  maskedPaths?: string[];
  /** Absolute paths that cannot be written. */
  readonlyPaths?: string[];
  /** SELinux context of the mounts. */
  mountLabel?: string;
  /** Intel RDT. */
  intelRdt?: LinuxIntelRdt;
  /** NUMA memory policy (1.3). */
  memoryPolicy?: LinuxMemoryPolicy;
  /** Execution domain. */
  personality?: LinuxPersonality;
  /** Clock offsets of the time namespace, by clock (`monotonic`, `boottime`). */
  timeOffsets?: Record<string, LinuxTimeOffset>;
}

/** Kinds of kernel namespace. */
export type LinuxNamespaceType = "pid" | "network" | "mount" | "ipc" | "uts" | "user" | "cgroup" | "time";

/** A namespace to make, or to join if it has a path. */
export interface LinuxNamespace {
  /** Kind. */
  type: LinuxNamespaceType;
  /** Absolute path of the namespace to join. */
  path?: string;
}

/** A range of ids. */
export interface LinuxIdMapping {
  /** First id inside. */
  containerID: number;
  /** First id outside. */
  hostID: number;
  /** How many. */
  size: number;
}

/** Offset of one clock. */
export interface LinuxTimeOffset {
  /** Seconds. */
  secs?: number;
  /** Nanoseconds. */
  nanosecs?: number;
}

/** A device node. */
export interface LinuxDevice {
  /** Absolute path in the container. */
  path: string;
  /** Character, block, unbuffered character or FIFO. */
  type: "c" | "b" | "u" | "p";
  /** Major number; not for FIFOs. */
  major?: number;
  /** Minor number; not for FIFOs. */
  minor?: number;
  /** Permission bits. */
  fileMode?: number;
  /** Owner. */
  uid?: number;
  /** Group. */
  gid?: number;
}

/** A network device to move in. */
export interface LinuxNetDevice {
  /** Its name in the container; as on the host if absent. */
  name?: string;
}

/** Capability sets, names as `CAP_CHOWN`. */
export interface LinuxCapabilities {
  /** Ceiling of what exec can give. */
  bounding?: string[];
  /** What the kernel checks. */
  effective?: string[];
  /** What exec keeps for programs that have file capabilities. */
  inheritable?: string[];
  /** Ceiling of the effective set. */
  permitted?: string[];
  /** What exec keeps for ordinary programs. */
  ambient?: string[];
}

/** Scheduling policy and its parameters, as sched_setattr(2) takes them. */
export interface Scheduler {
  /** Policy. */
  policy:
    | "SCHED_OTHER"
    | "SCHED_FIFO"
    | "SCHED_RR"
    | "SCHED_BATCH"
    | "SCHED_ISO"
    | "SCHED_IDLE"
    | "SCHED_DEADLINE";
  /** -20 to 19; for SCHED_OTHER and SCHED_BATCH. */
  nice?: number;
  /** Static priority; for SCHED_FIFO and SCHED_RR. */
  priority?: number;
  /** Flags, e.g. `SCHED_FLAG_RESET_ON_FORK`. */
  flags?: SchedulerFlag[];
  /** SCHED_DEADLINE: run time. Nanoseconds. */
  runtime?: number;
  /** SCHED_DEADLINE: deadline. Nanoseconds. */
  deadline?: number;
  /** SCHED_DEADLINE: period. Nanoseconds. */
  period?: number;
}

/** Flags of sched_setattr(2). */
export type SchedulerFlag =
  | "SCHED_FLAG_RESET_ON_FORK"
  | "SCHED_FLAG_RECLAIM"
  | "SCHED_FLAG_DL_OVERRUN"
  | "SCHED_FLAG_KEEP_POLICY"
  | "SCHED_FLAG_KEEP_PARAMS"
  | "SCHED_FLAG_UTIL_CLAMP_MIN"
  | "SCHED_FLAG_UTIL_CLAMP_MAX";

/** I/O priority, as ioprio_set(2) takes it. */
export interface LinuxIoPriority {
  /** Class. */
  class: "IOPRIO_CLASS_RT" | "IOPRIO_CLASS_BE" | "IOPRIO_CLASS_IDLE";
  /** 0 (first) to 7. */
  priority: number;
}

/** CPUs of an exec'd process as lists, e.g. `0-3,7`. */
export interface CpuAffinity {
  /** Before the process joins the container's cgroup. */
  initial?: string;
  /** After that. */
  final?: string;
}

/** Intel RDT: cache and memory bandwidth. */
export interface LinuxIntelRdt {
  /** Class of service. */
  closID?: string;
  /** Lines of the schemata file (1.3). */
  schemata?: string[];
  /** L3 lines of the schemata file. */
  l3CacheSchema?: string;
  /** Memory bandwidth lines of the schemata file. */
  memBwSchema?: string;
  /** Whether to make a monitoring group (1.3). */
  enableMonitoring?: boolean;
}

/** NUMA memory policy, as set_mempolicy(2) takes it. */
export interface LinuxMemoryPolicy {
  /** Mode. */
  mode:
    | "MPOL_DEFAULT"
    | "MPOL_BIND"
    | "MPOL_INTERLEAVE"
    | "MPOL_WEIGHTED_INTERLEAVE"
    | "MPOL_PREFERRED"
    | "MPOL_PREFERRED_MANY"
    | "MPOL_LOCAL";
  /** Nodes as a list, e.g. `0-1,3`. */
  nodes?: string;
  /** Flags. */
  flags?: ("MPOL_F_NUMA_BALANCING" | "MPOL_F_RELATIVE_NODES" | "MPOL_F_STATIC_NODES")[];
}

/** Execution domain, as personality(2) takes it. */
export interface LinuxPersonality {
  /** Domain. */
  domain: "LINUX" | "LINUX32";
  /** Flags; none is defined. */
  flags?: string[];
}
