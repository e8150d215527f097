/**
 * Reading and writing single cgroup files: limits with errors that name them, numbers, key-value lines.
 *
 * @module
 */
import { type CgroupFs, errnoOf } from "../host/cgroup_fs.ts";
import { CgroupError, cgroupFailure } from "./cgroup_error.ts";

/** The largest u64: what `max` reads as. */
export const U64_MAX: bigint = (1n << 64n) - 1n;

/**
 * Writes a limit.
 *
 * @param noun What is limited, for the error: "cannot set <noun> <value>: write <path>: <errno>".
 * @throws {CgroupError} of the errno's class.
 */
export function writeLimit(
  fs: CgroupFs,
  dir: string,
  file: string,
  noun: string,
  value: string | number | bigint,
): void {
  const path = `${dir}/${file}`;
  try {
    fs.write(path, String(value));
  } catch (err) {
    throw cgroupFailure(`set ${noun} ${value}`, "write", path, err);
  }
}

/** Whether the kernel said EOPNOTSUPP, which the engines spell in either way: a domain's file of a threaded cgroup. */
export function isUnsupported(err: unknown): boolean {
  const errno = errnoOf(err);
  return errno === "EOPNOTSUPP" || errno === "ENOTSUP";
}

/** Text of a file; undefined if it (or its controller) is not there. @throws {CgroupError} of the errno's class. */
export function readOptional(fs: CgroupFs, dir: string, file: string): string | undefined {
  try {
    return fs.read(`${dir}/${file}`);
  } catch (err) {
    const errno = errnoOf(err);
    if (errno === "ENOENT" || errno === "ENODEV" || isUnsupported(err)) return undefined;
    throw cgroupFailure("read cgroup file", "read", `${dir}/${file}`, err);
  }
}

/** Text of a file that must be there. @throws {CgroupError} of the errno's class. */
export function readRequired(fs: CgroupFs, dir: string, file: string): string {
  try {
    return fs.read(`${dir}/${file}`);
  } catch (err) {
    throw cgroupFailure("read cgroup file", "read", `${dir}/${file}`, err);
  }
}

/** A text as a u64; `max` is {@linkcode U64_MAX}, negative numbers are 0, as runc reads them. */
export function parseU64(text: string, path: string): bigint {
  const trimmed = text.trim();
  if (trimmed === "max") return U64_MAX;
  if (/^-\d+$/.test(trimmed)) return 0n;
  if (!/^\d+$/.test(trimmed)) {
    throw new CgroupError("INTERNAL", `cannot read cgroup file: ${path}: "${trimmed}" is not a number`);
  }
  return BigInt(trimmed);
}

/** Number in a file; undefined if the file is not there. */
export function readU64(fs: CgroupFs, dir: string, file: string): bigint | undefined {
  const text = readOptional(fs, dir, file);
  return text === undefined ? undefined : parseU64(text, `${dir}/${file}`);
}

/** Lines `key value` of a file as a record; undefined if the file is not there. Other lines are left out. */
export function readKeyed(fs: CgroupFs, dir: string, file: string): Record<string, bigint> | undefined {
  const text = readOptional(fs, dir, file);
  if (text === undefined) return undefined;
  const record: Record<string, bigint> = {};
  for (const line of text.split("\n")) {
    const match = /^(\S+)\s+(max|\d+)$/.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined) record[match[1]] = parseU64(match[2], file);
  }
  return record;
}

/** A list such as `0-2,5` as numbers. */
export function parseCpuList(text: string): number[] {
  const parts = text
    .trim()
    .split(",")
    .filter((part) => part !== "");
  return parts.flatMap((part) => {
    const [from, to] = part.split("-").map(Number);
    if (from === undefined || Number.isNaN(from)) return [];
    return Array.from({ length: (to ?? from) - from + 1 }, (_, i) => from + i);
  });
}

/** The pids in `cgroup.procs` (or another file of that form); the thread ids of a cgroup that only has threads. */
export function readPids(fs: CgroupFs, dir: string, file: string = "cgroup.procs"): number[] {
  let text: string;
  try {
    text = fs.read(`${dir}/${file}`);
  } catch (err) {
    if (!isUnsupported(err)) throw cgroupFailure("read cgroup file", "read", `${dir}/${file}`, err);
    text = readRequired(fs, dir, "cgroup.threads");
  }
  return text.split("\n").filter(Boolean).map(Number);
}

/** The pids in a cgroup and all below it, the cgroup's own first. */
export function readAllPids(fs: CgroupFs, dir: string): number[] {
  const below = fs.list(dir).flatMap((name) => readAllPids(fs, `${dir}/${name}`));
  return [...readPids(fs, dir), ...below];
}
