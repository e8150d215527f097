/**
 * Memory on cgroup v2. Swap is counted by itself here, so the limit of both together is converted.
 *
 * Source: Linux Documentation/admin-guide/cgroup-v2.rst "Memory"; opencontainers/cgroups fs2/memory.go.
 *
 * @module
 */
import { type CgroupFs, errnoOf } from "../../host/cgroup_fs.ts";
import type { LinuxMemory } from "../../oci.ts";
import { CgroupError } from "../cgroup_error.ts";
import type { CgroupController } from "../controller.ts";
import { swapToV2 } from "../convert.ts";
import { readKeyed, readU64, U64_MAX, writeLimit } from "../files.ts";
import { readPsi } from "../psi.ts";
import type { MemoryEntry } from "../stats.ts";

const numberOrMax = (value: number): string => (value === -1 ? "max" : String(value));

/** Refuses a limit below the current use, when asked to look. */
function checkUsage(
  fs: CgroupFs,
  dir: string,
  { checkBeforeUpdate, limit = 0, swap = 0 }: LinuxMemory,
): void {
  if (!checkBeforeUpdate || (limit <= 0 && swap <= 0)) return;
  const usage = readU64(fs, dir, "memory.current");
  if (usage === undefined) return;
  if (swap > 0 && BigInt(swap) <= usage) {
    throw new CgroupError("FAILED_PRECONDITION", `rejecting memory+swap limit ${swap} <= usage ${usage}`);
  }
  if (limit > 0 && BigInt(limit) <= usage) {
    throw new CgroupError("FAILED_PRECONDITION", `rejecting memory limit ${limit} <= usage ${usage}`);
  }
}

/** Swap is off on many machines: then saying "no swap" or "no limit" is already true. */
function setSwap(fs: CgroupFs, dir: string, value: string): void {
  try {
    writeLimit(fs, dir, "memory.swap.max", "swap limit", value);
  } catch (err) {
    const absent = err instanceof CgroupError && errnoOf(err.cause) === "ENOENT";
    if (!absent || (value !== "max" && value !== "0")) throw err;
  }
}

function readEntry(fs: CgroupFs, dir: string, prefix: string): MemoryEntry {
  const value = (file: string): bigint => readU64(fs, dir, `${prefix}.${file}`) ?? 0n;
  return { limit: value("max"), usage: value("current"), max: value("peak"), failcnt: 0n };
}

/** The memory controller. */
export const memoryV2: CgroupController = {
  name: "memory",
  set(fs, dir, { memory }) {
    if (memory === undefined) return;
    const { limit = 0, swap = 0, reservation = 0 } = memory;
    checkUsage(fs, dir, memory);
    const swapOnly = swapToV2(swap, limit);
    if (swapOnly !== 0 || swap > 0) setSwap(fs, dir, numberOrMax(swapOnly));
    if (limit !== 0) writeLimit(fs, dir, "memory.max", "memory limit", numberOrMax(limit));
    if (reservation !== 0) {
      writeLimit(fs, dir, "memory.low", "memory reservation", numberOrMax(reservation));
    }
  },
  read(fs, dir, stats) {
    const raw = readKeyed(fs, dir, "memory.stat");
    if (raw === undefined) return;
    const usage = readEntry(fs, dir, "memory");
    const swap = readEntry(fs, dir, "memory.swap");
    stats.memory.raw = raw;
    stats.memory.cache = raw.file ?? 0n;
    stats.memory.usage = usage;
    stats.memory.swap = {
      limit: swap.limit === U64_MAX ? U64_MAX : BigInt.asUintN(64, swap.limit + usage.limit),
      usage: swap.usage + usage.usage,
      max: 0n,
      failcnt: 0n,
    };
    const psi = readPsi(fs, dir, "memory.pressure");
    if (psi !== undefined) stats.memory.psi = psi;
  },
};
