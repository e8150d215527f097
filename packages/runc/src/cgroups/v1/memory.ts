/**
 * Memory on cgroup v1.
 *
 * `memory.memsw.*` counts memory and swap together, and may never be below `memory.limit_in_bytes`, which decides the
 * order of the two writes. Source: Linux Documentation/admin-guide/cgroup-v1/memory.rst; opencontainers/cgroups
 * fs/memory.go.
 *
 * @module
 */
import { type CgroupFs, errnoOf } from "../../host/cgroup_fs.ts";
import type { LinuxMemory } from "../../oci.ts";
import { CgroupError, cgroupFailure } from "../cgroup_error.ts";
import type { CgroupController } from "../controller.ts";
import { parseU64, readKeyed, readOptional, readU64, writeLimit } from "../files.ts";
import type { MemoryEntry } from "../stats.ts";

const LIMIT = "memory.limit_in_bytes";
const SWAP_LIMIT = "memory.memsw.limit_in_bytes";

function setLimit(fs: CgroupFs, dir: string, value: number): void {
  if (value === 0) return;
  const path = `${dir}/${LIMIT}`;
  try {
    fs.write(path, String(value));
  } catch (err) {
    const failure = cgroupFailure(`set memory limit ${value}`, "write", path, err);
    if (errnoOf(err) !== "EBUSY") throw failure;
    const usage = readU64(fs, dir, "memory.usage_in_bytes") ?? 0n;
    const peak = readU64(fs, dir, "memory.max_usage_in_bytes") ?? 0n;
    // The text in brackets is runc's, fs/memory.go.
    throw new CgroupError(
      failure.code,
      `${failure.message} (unable to set memory limit to ${value} (current usage: ${usage}, peak usage: ${peak}))`,
      { cause: err, details: { path, value } },
    );
  }
}

function setSwap(fs: CgroupFs, dir: string, value: number): void {
  if (value !== 0) writeLimit(fs, dir, SWAP_LIMIT, "memory+swap limit", value);
}

function setMemoryAndSwap(fs: CgroupFs, dir: string, memory: number, asked: number): void {
  let swap = asked;
  if (memory === -1 && swap === 0 && fs.exists(`${dir}/${SWAP_LIMIT}`)) swap = -1;
  if (memory !== 0 && swap !== 0) {
    const current = parseU64(readOptional(fs, dir, LIMIT) ?? "0", LIMIT);
    if (swap === -1 || current < BigInt(swap)) {
      setSwap(fs, dir, swap);
      setLimit(fs, dir, memory);
      return;
    }
  }
  setLimit(fs, dir, memory);
  setSwap(fs, dir, swap);
}

function setOthers(fs: CgroupFs, dir: string, memory: LinuxMemory): void {
  if (memory.reservation) {
    writeLimit(fs, dir, "memory.soft_limit_in_bytes", "memory reservation", memory.reservation);
  }
  if (memory.disableOOMKiller) writeLimit(fs, dir, "memory.oom_control", "oom killer disabled", 1);
  const { swappiness } = memory;
  if (
    swappiness === undefined ||
    swappiness === -1 ||
    BigInt.asUintN(64, BigInt(swappiness)) === (1n << 64n) - 1n
  ) {
    return;
  }
  if (swappiness < 0 || swappiness > 100) {
    throw new CgroupError(
      "INVALID_ARGUMENT",
      `invalid memory swappiness value: ${swappiness} (valid range is 0-100)`,
    );
  }
  writeLimit(fs, dir, "memory.swappiness", "memory swappiness", swappiness);
}

function readEntry(fs: CgroupFs, dir: string, prefix: string): MemoryEntry {
  const value = (file: string): bigint => readU64(fs, dir, `${prefix}.${file}`) ?? 0n;
  const usage = readU64(fs, dir, `${prefix}.usage_in_bytes`);
  if (usage === undefined) return { limit: 0n, usage: 0n, max: 0n, failcnt: 0n };
  return {
    limit: value("limit_in_bytes"),
    usage,
    max: value("max_usage_in_bytes"),
    failcnt: value("failcnt"),
  };
}

/** The memory controller. Kernel memory limits are ignored: kernels no longer have them. */
export const memoryV1: CgroupController = {
  name: "memory",
  set(fs, dir, { memory }) {
    if (memory === undefined) return;
    setMemoryAndSwap(fs, dir, memory.limit ?? 0, memory.swap ?? 0);
    setOthers(fs, dir, memory);
  },
  read(fs, dir, stats) {
    const raw = readKeyed(fs, dir, "memory.stat");
    if (raw === undefined) return;
    stats.memory.raw = raw;
    stats.memory.cache = raw.cache ?? 0n;
    stats.memory.usage = readEntry(fs, dir, "memory");
    stats.memory.swap = readEntry(fs, dir, "memory.memsw");
    stats.memory.kernel = readEntry(fs, dir, "memory.kmem");
    stats.memory.kernelTCP = readEntry(fs, dir, "memory.kmem.tcp");
  },
};
