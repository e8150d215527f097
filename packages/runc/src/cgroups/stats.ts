/**
 * Statistics of a container in the shape of `runc events --stats`, and their JSON.
 *
 * Counters are bigint, since limits go up to 2^64 - 1. Zero fields that runc omits are left out by {@linkcode statsJson}.
 * Source: opencontainers/runc types/events.go.
 *
 * @module
 */

/** One averages line of a pressure file. */
export interface PsiData {
  avg10: number;
  avg60: number;
  avg300: number;
  /** Microseconds. */
  total: bigint;
}

/** A pressure file. */
export interface PsiStats {
  some: PsiData;
  full: PsiData;
}

/** CPU usage and throttling; times in nanoseconds. */
export interface CpuStats {
  usage: {
    total: bigint;
    percpu: bigint[];
    percpu_kernel: bigint[];
    percpu_user: bigint[];
    kernel: bigint;
    user: bigint;
  };
  throttling: { periods: bigint; throttledPeriods: bigint; throttledTime: bigint };
  psi?: PsiStats;
}

/** cpuset of cgroup v1. */
export interface CpusetStats {
  cpus: number[];
  cpu_exclusive: bigint;
  mems: number[];
  mem_hardwall: bigint;
  mem_exclusive: bigint;
  memory_migrate: bigint;
  memory_spread_page: bigint;
  memory_spread_slab: bigint;
  memory_pressure: bigint;
  sched_load_balance: bigint;
  sched_relax_domain_level: bigint;
}

/** Usage of one kind of memory, in bytes. */
export interface MemoryEntry {
  limit: bigint;
  usage: bigint;
  max: bigint;
  failcnt: bigint;
}

/** Memory. */
export interface MemoryStats {
  cache: bigint;
  usage: MemoryEntry;
  swap: MemoryEntry;
  kernel: MemoryEntry;
  kernelTCP: MemoryEntry;
  raw: Record<string, bigint>;
  psi?: PsiStats;
}

/** One block device counter. */
export interface BlkioEntry {
  major: bigint;
  minor: bigint;
  op: string;
  value: bigint;
}

/** Block device counters. */
export interface BlkioStats {
  ioServiceBytesRecursive: BlkioEntry[];
  ioServicedRecursive: BlkioEntry[];
  ioQueueRecursive: BlkioEntry[];
  ioServiceTimeRecursive: BlkioEntry[];
  ioWaitTimeRecursive: BlkioEntry[];
  ioMergedRecursive: BlkioEntry[];
  ioTimeRecursive: BlkioEntry[];
  sectorsRecursive: BlkioEntry[];
  psi?: PsiStats;
}

/** Huge pages of one size, in bytes. */
export interface HugetlbStats {
  usage: bigint;
  max: bigint;
  failcnt: bigint;
}

/** The `data` of a `stats` event. */
export interface CgroupStats {
  cpu: CpuStats;
  cpuset: CpusetStats;
  memory: MemoryStats;
  pids: { current: bigint; limit: bigint };
  blkio: BlkioStats;
  hugetlb: Record<string, HugetlbStats>;
  intel_rdt: Record<string, never>;
  network_interfaces: null;
}

const memoryEntry = (): MemoryEntry => ({ limit: 0n, usage: 0n, max: 0n, failcnt: 0n });

/** Statistics with everything zero. */
export function emptyStats(): CgroupStats {
  return {
    cpu: {
      usage: { total: 0n, percpu: [], percpu_kernel: [], percpu_user: [], kernel: 0n, user: 0n },
      throttling: { periods: 0n, throttledPeriods: 0n, throttledTime: 0n },
    },
    cpuset: {
      cpus: [],
      cpu_exclusive: 0n,
      mems: [],
      mem_hardwall: 0n,
      mem_exclusive: 0n,
      memory_migrate: 0n,
      memory_spread_page: 0n,
      memory_spread_slab: 0n,
      memory_pressure: 0n,
      sched_load_balance: 0n,
      sched_relax_domain_level: 0n,
    },
    memory: {
      cache: 0n,
      usage: memoryEntry(),
      swap: memoryEntry(),
      kernel: memoryEntry(),
      kernelTCP: memoryEntry(),
      raw: {},
    },
    pids: { current: 0n, limit: 0n },
    blkio: {
      ioServiceBytesRecursive: [],
      ioServicedRecursive: [],
      ioQueueRecursive: [],
      ioServiceTimeRecursive: [],
      ioWaitTimeRecursive: [],
      ioMergedRecursive: [],
      ioTimeRecursive: [],
      sectorsRecursive: [],
    },
    hugetlb: {},
    intel_rdt: {},
    network_interfaces: null,
  };
}

/** Fields that runc prints even when they are zero. */
const ALWAYS: ReadonlySet<string> = new Set(
  (
    "limit failcnt kernel user cpu_exclusive mem_hardwall mem_exclusive memory_migrate memory_spread_page " +
    "memory_spread_slab memory_pressure sched_load_balance sched_relax_domain_level avg10 avg60 avg300"
  ).split(" "),
);

/** JSON of statistics: exact 64-bit numbers, and the zero fields left out that runc leaves out. */
export function statsJson(stats: CgroupStats): string {
  return encode(stats, new Set(["limit"]));
}

/** @param optional Names that may be left out here although {@linkcode ALWAYS} has them. */
function encode(value: unknown, optional: ReadonlySet<string>, parent: string = ""): string {
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return `[${value.map((v) => encode(v, optional, "[]")).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).filter(
    ([key, v]) => parent === "raw" || !isOmitted(key, v, parent, optional),
  );
  return `{${fields.map(([key, v]) => `${JSON.stringify(key)}:${encode(v, optional, key)}`).join(",")}}`;
}

function isOmitted(key: string, value: unknown, parent: string, optional: ReadonlySet<string>): boolean {
  if (value === undefined) return true;
  const always = ALWAYS.has(key) && !(parent === "pids" && optional.has(key));
  const psiTotal = key === "total" && (parent === "some" || parent === "full");
  if (value === 0n || value === 0 || value === "") return !always && !psiTotal;
  return Array.isArray(value) && value.length === 0;
}
