/**
 * Huge page limits; v1 and v2 differ in file names alone.
 *
 * Source: Linux Documentation/admin-guide/cgroup-v1/hugetlb.rst; opencontainers/cgroups fs/hugetlb.go, fs2/hugetlb.go.
 *
 * @module
 */
import { type CgroupFs, errnoOf } from "../host/cgroup_fs.ts";
import type { LinuxHugepageLimit } from "../oci.ts";
import { CgroupError } from "./cgroup_error.ts";
import { readKeyed, readU64, writeLimit } from "./files.ts";
import type { CgroupStats } from "./stats.ts";

const PAGES = "/sys/kernel/mm/hugepages";

/** Page sizes that the machine has, as cgroup file names write them (`2MB`, `1GB`). */
export function hugePageSizes(fs: CgroupFs): string[] {
  if (!fs.exists(PAGES)) return [];
  return fs.list(PAGES).flatMap((name) => {
    const kb = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1] ?? Number.NaN);
    if (Number.isNaN(kb)) return [];
    if (kb >= 1 << 20) return [`${kb >> 20}GB`];
    return [kb >= 1 << 10 ? `${kb >> 10}MB` : `${kb}KB`];
  });
}

/** Writes the limits, and the reservation limits (Linux 5.7) where the kernel has them. @throws {CgroupError} */
export function setHugepages(
  fs: CgroupFs,
  dir: string,
  limits: readonly LinuxHugepageLimit[] | undefined,
  suffix: "limit_in_bytes" | "max",
): void {
  for (const { pageSize, limit } of limits ?? []) {
    if (!/^[0-9]+[KMG]B$/.test(pageSize)) {
      throw new CgroupError(
        "INVALID_ARGUMENT",
        `cannot set hugetlb limit ${limit}: bad page size "${pageSize}"`,
      );
    }
    writeLimit(fs, dir, `hugetlb.${pageSize}.${suffix}`, "hugetlb limit", limit);
    try {
      writeLimit(fs, dir, `hugetlb.${pageSize}.rsvd.${suffix}`, "hugetlb reservation limit", limit);
    } catch (err) {
      if (!(err instanceof CgroupError) || errnoOf(err.cause) !== "ENOENT") throw err;
    }
  }
}

/** Reads the counters of every page size. */
export function readHugepages(fs: CgroupFs, dir: string, stats: CgroupStats, version: 1 | 2): void {
  for (const size of hugePageSizes(fs)) {
    const value = (file: string): bigint | undefined =>
      readU64(fs, dir, `hugetlb.${size}.rsvd.${file}`) ?? readU64(fs, dir, `hugetlb.${size}.${file}`);
    const usage = value(version === 1 ? "usage_in_bytes" : "current");
    if (usage === undefined) continue;
    const max = version === 1 ? (value("max_usage_in_bytes") ?? 0n) : 0n;
    const failcnt = version === 1 ? value("failcnt") : readKeyed(fs, dir, `hugetlb.${size}.events`)?.max;
    stats.hugetlb[size] = { usage, max, failcnt: failcnt ?? 0n };
  }
}
