/**
 * Types of config.json: `linux.resources`, the cgroup limits; also what `update --resources` reads.
 *
 * Source: runtime-spec 1.3.0 `config-linux.md` section "Control groups", `specs-go/config.go`.
 *
 * @module
 */

/** The `linux.resources` object. */
export interface LinuxResources {
  /** Device rules, applied in this order. */
  devices?: LinuxDeviceCgroup[];
  /** Memory. */
  memory?: LinuxMemory;
  /** CPU time and placement. */
  cpu?: LinuxCpu;
  /** Number of tasks. */
  pids?: LinuxPids;
  /** Block I/O. */
  blockIO?: LinuxBlockIo;
  /** Huge pages, by page size. */
  hugepageLimits?: LinuxHugepageLimit[];
  /** Network classification (cgroup v1). */
  network?: LinuxNetwork;
  /** RDMA, by device. */
  rdma?: Record<string, LinuxRdma>;
  /** Values of files of cgroup v2, by file. */
  unified?: Record<string, string>;
}

/** One device rule. */
export interface LinuxDeviceCgroup {
  /** Whether it allows or denies. */
  allow: boolean;
  /** All, character or block; all if absent. */
  type?: "a" | "c" | "b";
  /** Major number; any if absent. */
  major?: number;
  /** Minor number; any if absent. */
  minor?: number;
  /** Letters of `rwm`; all if absent. */
  access?: string;
}

/** Memory limits. Bytes; -1 is no limit. */
export interface LinuxMemory {
  /** Hard limit. */
  limit?: number;
  /** Soft limit. */
  reservation?: number;
  /** Limit of memory and swap together. */
  swap?: number;
  /** Kernel memory; no longer supported by kernels. */
  kernel?: number;
  /** Kernel TCP buffers. */
  kernelTCP?: number;
  /** 0 to 100. */
  swappiness?: number;
  /** Whether tasks wait instead of being killed (cgroup v1). */
  disableOOMKiller?: boolean;
  /** Whether children count (cgroup v1). */
  useHierarchy?: boolean;
  /** Whether an update below the current use is refused. */
  checkBeforeUpdate?: boolean;
}

/** CPU limits. */
export interface LinuxCpu {
  /** Relative weight of cgroup v1, 2 to 262144; converted for v2. */
  shares?: number;
  /** Run time per period; negative is no limit. Microseconds. */
  quota?: number;
  /** Run time that may be saved up. Microseconds. */
  burst?: number;
  /** Microseconds. */
  period?: number;
  /** Real-time run time per period. Microseconds. */
  realtimeRuntime?: number;
  /** Microseconds. */
  realtimePeriod?: number;
  /** CPUs as a list, e.g. `0-3,7`. */
  cpus?: string;
  /** Memory nodes as a list. */
  mems?: string;
  /** 1 makes it SCHED_IDLE (cgroup v2). */
  idle?: number;
}

/** Task limit. */
export interface LinuxPids {
  /** How many; zero or negative is no limit. */
  limit?: number;
}

/** Block I/O limits. */
export interface LinuxBlockIo {
  /** 10 to 1000. */
  weight?: number;
  /** 10 to 1000; against the children. */
  leafWeight?: number;
  /** Weights by device. */
  weightDevice?: LinuxWeightDevice[];
  /** Bytes per second. */
  throttleReadBpsDevice?: LinuxThrottleDevice[];
  /** Bytes per second. */
  throttleWriteBpsDevice?: LinuxThrottleDevice[];
  /** Operations per second. */
  throttleReadIOPSDevice?: LinuxThrottleDevice[];
  /** Operations per second. */
  throttleWriteIOPSDevice?: LinuxThrottleDevice[];
}

/** Weight of one block device. */
export interface LinuxWeightDevice {
  /** Major number. */
  major: number;
  /** Minor number. */
  minor: number;
  /** 10 to 1000. */
  weight?: number;
  /** 10 to 1000; against the children. */
  leafWeight?: number;
}

/** Limit of one block device. */
export interface LinuxThrottleDevice {
  /** Major number. */
  major: number;
  /** Minor number. */
  minor: number;
  /** Per second. */
  rate: number;
}

/** Limit of one huge page size. */
export interface LinuxHugepageLimit {
  /** Page size as `<number><KB|MB|GB>`, e.g. `2MB`. */
  pageSize: string;
  /** Bytes. */
  limit: number;
}

/** Network classification (cgroup v1). */
export interface LinuxNetwork {
  /** Class of net_cls. */
  classID?: number;
  /** Priorities of net_prio. */
  priorities?: LinuxInterfacePriority[];
}

/** Priority of one interface. */
export interface LinuxInterfacePriority {
  /** Interface. */
  name: string;
  /** Priority. */
  priority: number;
}

/** Limits of one RDMA device. */
export interface LinuxRdma {
  /** Most handles. */
  hcaHandles?: number;
  /** Most objects. */
  hcaObjects?: number;
}
