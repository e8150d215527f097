/**
 * CPU time on cgroup v2.
 *
 * Source: Linux Documentation/admin-guide/cgroup-v2.rst "CPU"; opencontainers/cgroups fs2/cpu.go.
 *
 * @module
 */
import { type CgroupFs, errnoOf } from "../../host/cgroup_fs.ts";
import type { LinuxCpu } from "../../oci.ts";
import { CgroupError } from "../cgroup_error.ts";
import type { CgroupController } from "../controller.ts";
import { cpuSharesToWeight } from "../convert.ts";
import { readKeyed, writeLimit } from "../files.ts";
import { readPsi } from "../psi.ts";

const DEFAULT_PERIOD_US = 100_000;

/** Quota, period and burst; a burst above the old quota is refused first and passes after the new one. */
function setBandwidth(fs: CgroupFs, dir: string, { quota = 0, period = 0, burst }: LinuxCpu): void {
  const writeBurst = (): void => writeLimit(fs, dir, "cpu.max.burst", "cpu burst", burst ?? 0);
  let burstLater = false;
  if (burst !== undefined) {
    try {
      writeBurst();
    } catch (err) {
      if (quota === 0 || !(err instanceof CgroupError) || errnoOf(err.cause) !== "EINVAL") throw err;
      burstLater = true;
    }
  }
  if (quota !== 0 || period !== 0) {
    const max = quota > 0 ? quota : "max";
    writeLimit(fs, dir, "cpu.max", "cpu quota", `${max} ${period || DEFAULT_PERIOD_US}`);
  }
  if (burstLater) writeBurst();
}

/** The cpu controller. */
export const cpuV2: CgroupController = {
  name: "cpu",
  set(fs, dir, { cpu }) {
    if (cpu === undefined) return;
    if (cpu.idle !== undefined) writeLimit(fs, dir, "cpu.idle", "cpu idle", cpu.idle);
    const weight = cpuSharesToWeight(cpu.shares ?? 0);
    if (weight !== 0) writeLimit(fs, dir, "cpu.weight", "cpu weight", weight);
    setBandwidth(fs, dir, cpu);
  },
  read(fs, dir, stats) {
    const stat = readKeyed(fs, dir, "cpu.stat") ?? {};
    stats.cpu.usage.total = (stat.usage_usec ?? 0n) * 1000n;
    stats.cpu.usage.user = (stat.user_usec ?? 0n) * 1000n;
    stats.cpu.usage.kernel = (stat.system_usec ?? 0n) * 1000n;
    stats.cpu.throttling = {
      periods: stat.nr_periods ?? 0n,
      throttledPeriods: stat.nr_throttled ?? 0n,
      throttledTime: (stat.throttled_usec ?? 0n) * 1000n,
    };
    const psi = readPsi(fs, dir, "cpu.pressure");
    if (psi !== undefined) stats.cpu.psi = psi;
  },
};
