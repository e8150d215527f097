/**
 * CPU time on cgroup v1, and its accounting (`cpuacct`).
 *
 * Source: Linux Documentation/scheduler/sched-bwc.rst, Documentation/admin-guide/cgroup-v1/cpuacct.rst;
 * opencontainers/cgroups fs/cpu.go, fs/cpuacct.go.
 *
 * @module
 */
import { type CgroupFs, errnoOf } from "../../host/cgroup_fs.ts";
import type { LinuxCpu } from "../../oci.ts";
import { CgroupError } from "../cgroup_error.ts";
import type { CgroupController } from "../controller.ts";
import { readKeyed, readOptional, readU64, writeLimit } from "../files.ts";

/** A value that the kernel judges together with another: refused with EINVAL now, it may pass after the other. */
function writeOrDefer(write: () => void, mayDefer: boolean): boolean {
  try {
    write();
    return false;
  } catch (err) {
    if (mayDefer && err instanceof CgroupError && errnoOf(err.cause) === "EINVAL") return true;
    throw err;
  }
}

function setShares(fs: CgroupFs, dir: string, shares: number): void {
  writeLimit(fs, dir, "cpu.shares", "cpu shares", shares);
  const actual = readU64(fs, dir, "cpu.shares");
  if (actual === undefined || actual === BigInt(shares)) return;
  const bound = actual < BigInt(shares) ? "maximum" : "minimum";
  throw new CgroupError("INVALID_ARGUMENT", `the ${bound} allowed cpu-shares is ${actual}`);
}

function setBandwidth(fs: CgroupFs, dir: string, cpu: LinuxCpu): void {
  const { period = 0, quota = 0, burst } = cpu;
  const writePeriod = (): void => writeLimit(fs, dir, "cpu.cfs_period_us", "cpu period", period);
  const writeBurst = (): void => writeLimit(fs, dir, "cpu.cfs_burst_us", "cpu burst", burst ?? 0);
  const periodLater = period !== 0 && writeOrDefer(writePeriod, quota !== 0);
  const hasBurst = burst !== undefined && fs.exists(`${dir}/cpu.cfs_burst_us`);
  const burstLater = hasBurst && writeOrDefer(writeBurst, quota !== 0);
  if (quota === 0) return;
  writeLimit(fs, dir, "cpu.cfs_quota_us", "cpu quota", quota);
  if (periodLater) writePeriod();
  if (burstLater) writeBurst();
}

/** Real-time bandwidth; must be there before a real-time process joins. @throws {CgroupError} */
export function setRealtime(fs: CgroupFs, dir: string, cpu: LinuxCpu): void {
  const { realtimePeriod: period = 0, realtimeRuntime: runtime = 0 } = cpu;
  const writePeriod = (): void => writeLimit(fs, dir, "cpu.rt_period_us", "cpu real-time period", period);
  const later = period !== 0 && writeOrDefer(writePeriod, runtime !== 0);
  if (runtime !== 0) writeLimit(fs, dir, "cpu.rt_runtime_us", "cpu real-time runtime", runtime);
  if (later) writePeriod();
}

/** The cpu controller. */
export const cpuV1: CgroupController = {
  name: "cpu",
  set(fs, dir, { cpu }) {
    if (cpu === undefined) return;
    if (cpu.shares) setShares(fs, dir, cpu.shares);
    setBandwidth(fs, dir, cpu);
    if (cpu.idle !== undefined) writeLimit(fs, dir, "cpu.idle", "cpu idle", cpu.idle);
    setRealtime(fs, dir, cpu);
  },
  read(fs, dir, stats) {
    const stat = readKeyed(fs, dir, "cpu.stat") ?? {};
    stats.cpu.throttling = {
      periods: stat.nr_periods ?? 0n,
      throttledPeriods: stat.nr_throttled ?? 0n,
      throttledTime: stat.throttled_time ?? 0n,
    };
  },
};

/** Nanoseconds per clock tick (USER_HZ is 100 on every architecture). */
const TICK_NS = 10_000_000n;

/** The cpuacct controller. */
export const cpuacctV1: CgroupController = {
  name: "cpuacct",
  read(fs, dir, stats) {
    const total = readU64(fs, dir, "cpuacct.usage");
    if (total === undefined) return;
    const stat = readKeyed(fs, dir, "cpuacct.stat") ?? {};
    const rows = (readOptional(fs, dir, "cpuacct.usage_all") ?? "").split("\n").slice(1).filter(Boolean);
    const column = (n: number): bigint[] => rows.map((row) => BigInt(row.split(" ")[n] ?? 0));
    stats.cpu.usage = {
      total,
      percpu: (readOptional(fs, dir, "cpuacct.usage_percpu") ?? "").split(/\s+/).filter(Boolean).map(BigInt),
      percpu_kernel: column(2),
      percpu_user: column(1),
      kernel: (stat.system ?? 0n) * TICK_NS,
      user: (stat.user ?? 0n) * TICK_NS,
    };
  },
};
