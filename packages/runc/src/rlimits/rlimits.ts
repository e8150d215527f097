/**
 * Resource limits: names, numbers and the bytes prlimit64(2) takes.
 *
 * Source: Linux include/uapi/asm-generic/resource.h; runtime-spec config.md "POSIX process", `rlimits`.
 *
 * @module
 */
import { RtError } from "@rt/oci-spec/errors";

/** Every limit; the index is its number. */
export const RLIMIT_NAMES: readonly string[] = (
  "RLIMIT_CPU RLIMIT_FSIZE RLIMIT_DATA RLIMIT_STACK RLIMIT_CORE RLIMIT_RSS RLIMIT_NPROC RLIMIT_NOFILE " +
  "RLIMIT_MEMLOCK RLIMIT_AS RLIMIT_LOCKS RLIMIT_SIGPENDING RLIMIT_MSGQUEUE RLIMIT_NICE RLIMIT_RTPRIO RLIMIT_RTTIME"
).split(" ");

/** No limit (`RLIM64_INFINITY`). */
export const RLIM_INFINITY: bigint = (1n << 64n) - 1n;

/** One limit, ready for the kernel. */
export interface ResolvedRlimit {
  /** `RLIMIT_*` number, 0 to 15. */
  readonly resource: number;
  /** `struct rlimit64`: soft and hard, u64 little endian each. */
  readonly bytes: Uint8Array;
}

/** One entry of `process.rlimits`; -1 and 2^64-1 both mean no limit. */
export interface RlimitInput {
  readonly type: string;
  readonly hard: number | bigint;
  readonly soft: number | bigint;
}

/** A value as an unsigned word. JSON numbers near 2^64 arrive rounded to 2^64 exactly: they mean no limit. */
function word(value: number | bigint): bigint {
  if (typeof value === "number" && !Number.isInteger(value)) {
    throw new RtError("INVALID_ARGUMENT", `cannot set resource limit: ${value} is not an integer`);
  }
  const wide = BigInt(value);
  return wide >= RLIM_INFINITY ? RLIM_INFINITY : BigInt.asUintN(64, wide);
}

/**
 * The limits of a process in the order given.
 *
 * @throws {RtError} `INVALID_ARGUMENT` for a name that does not exist (runc's text), a type given twice, or soft above
 * hard.
 */
export function resolveRlimits(limits: readonly RlimitInput[]): ResolvedRlimit[] {
  const seen = new Set<string>();
  return limits.map(({ type, hard, soft }) => {
    const resource = RLIMIT_NAMES.indexOf(type);
    if (resource < 0) throw new RtError("INVALID_ARGUMENT", `wrong rlimit value: ${type}`);
    if (seen.has(type)) {
      throw new RtError("INVALID_ARGUMENT", `cannot set resource limit ${type}: it is given twice`);
    }
    seen.add(type);
    const [low, high] = [word(soft), word(hard)];
    if (low > high) {
      throw new RtError(
        "INVALID_ARGUMENT",
        `cannot set resource limit ${type}: soft ${low} is above hard ${high}`,
      );
    }
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(0, low, true);
    view.setBigUint64(8, high, true);
    return { resource, bytes };
  });
}
