/**
 * Conversions from cgroup v1's units, which config.json speaks, to v2's.
 *
 * Source: opencontainers/cgroups utils.go; the curve for CPU weight is that of runc 1.3.2.
 *
 * @module
 */
import { CgroupError } from "./cgroup_error.ts";

/**
 * CPU shares (2 to 262144, default 1024) as a weight (1 to 10000, default 100); 0, which is unset, stays 0.
 *
 * The exponent is a quadratic in log2(shares) through minimum, default and maximum.
 */
export function cpuSharesToWeight(shares: number): number {
  if (shares === 0) return 0;
  if (shares <= 2) return 1;
  if (shares >= 262144) return 10000;
  const l = Math.log2(shares);
  return Math.ceil(10 ** ((l * l + 125 * l) / 612 - 7 / 34));
}

/** blkio weight (10 to 1000) as an io weight (1 to 10000), linearly; 0, which is unset, stays 0. */
export function blkioToIoWeight(weight: number): number {
  return weight === 0 ? 0 : 1 + Math.floor(((weight - 10) * 9999) / 990);
}

/**
 * The limit of memory and swap together as a limit of swap alone. 0 is unset, -1 is unlimited.
 *
 * @throws {CgroupError} `INVALID_ARGUMENT`, with runc's texts, if the two do not fit together.
 */
export function swapToV2(memorySwap: number, memory: number): number {
  if (memory === -1 && memorySwap === 0) return -1;
  if (memorySwap === -1 || memorySwap === 0 || memory === -1) return memorySwap;
  if (memory === 0)
    throw new CgroupError("INVALID_ARGUMENT", "unable to set swap limit without memory limit");
  if (memory < 0) throw new CgroupError("INVALID_ARGUMENT", `invalid memory value: ${memory}`);
  if (memorySwap < memory) {
    throw new CgroupError("INVALID_ARGUMENT", "memory+swap limit should be >= memory limit");
  }
  return memorySwap - memory;
}

/** Value of `pids.max`: no limit below zero; 0 means 1, since systemd cannot say 0 (runc 1.4). */
export function pidsMax(limit: number): string {
  if (limit < 0) return "max";
  return String(limit === 0 ? 1 : limit);
}

/** A device as `major:minor`. */
export function deviceNumber(device: { readonly major: number; readonly minor: number }): string {
  return `${device.major}:${device.minor}`;
}
