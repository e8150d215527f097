/**
 * PAX extended headers: `LENGTH KEY=VALUE\n` records, values as bytes.
 *
 * Kept: path, linkpath, size, uid, gid, mtime, atime, `SCHILY.xattr.*` and `GNU.sparse.*`; the rest is passed over.
 * Source: POSIX.1-2017 pax "pax Extended Header"; star(5) for SCHILY.xattr.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { ArchiveError } from "./errors.ts";
import type { TarTime } from "./tar_entry.ts";

const XATTR = "SCHILY.xattr.";
const SPARSE = "GNU.sparse.";

/** What one extended header says. Text values are binary strings. */
export interface PaxRecords {
  path?: string;
  linkpath?: string;
  size?: number;
  uid?: number;
  gid?: number;
  mtime?: string;
  atime?: string;
  readonly xattrs: Map<string, Uint8Array>;
  /** `GNU.sparse.*` records in their order; version 0.0 repeats keys. */
  sparse?: [key: string, value: string][];
}

/**
 * Parses the body of an `x` or `g` entry.
 *
 * @throws {ArchiveError} `INVALID_ARGUMENT` if a record is malformed, or a path holds a NUL.
 */
export function readPax(body: Buffer): PaxRecords {
  const records: PaxRecords = { xattrs: new Map() };
  let at = 0;
  while (at < body.length) {
    if (body[at] === 0) break; // some writers pad with NULs inside the size
    const space = body.indexOf(0x20, at);
    const length = space < 0 || space - at > 8 ? Number.NaN : Number(body.toString("latin1", at, space));
    const end = at + length;
    const equals = body.indexOf(0x3d, space);
    if (
      !Number.isInteger(length) ||
      end > body.length ||
      equals < 0 ||
      equals >= end ||
      body[end - 1] !== 0x0a
    ) {
      throw new ArchiveError("invalid pax record");
    }
    setRecord(records, body.toString("utf8", space + 1, equals), body.subarray(equals + 1, end - 1));
    at = end;
  }
  return records;
}

function setRecord(records: PaxRecords, key: string, value: Buffer): void {
  if (key.startsWith(XATTR)) {
    const name = key.slice(XATTR.length);
    if (name === "" || name.includes("\0")) throw new ArchiveError("invalid extended attribute name");
    records.xattrs.set(name, Buffer.from(value));
    return;
  }
  const text = value.toString("latin1");
  if (key.startsWith(SPARSE)) {
    (records.sparse ??= []).push([key.slice(SPARSE.length), text]);
    return;
  }
  switch (key) {
    case "path":
    case "linkpath":
      if (text.includes("\0")) throw new ArchiveError(`invalid pax ${key}`);
      if (text !== "") records[key] = text;
      return;
    case "size":
    case "uid":
    case "gid":
      if (text !== "") records[key] = decimal(key, text);
      return;
    case "mtime":
    case "atime":
      records[key] = text;
  }
}

function decimal(key: string, text: string): number {
  const value = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new ArchiveError(`invalid pax ${key}`);
  return value;
}

/**
 * Reads a PAX time: decimal seconds with a fraction of any length, of which nine digits count.
 *
 * @throws {ArchiveError} `INVALID_ARGUMENT` if it is not a number.
 */
export function paxTime(text: string | undefined): TarTime | undefined {
  if (text === undefined || text === "") return undefined;
  const parts = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(text);
  if (parts === null) throw new ArchiveError("invalid pax time");
  const seconds = Number(parts[2]);
  const nanoseconds = Number((parts[3] ?? "").slice(0, 9).padEnd(9, "0"));
  if (parts[1] !== "-") return { seconds, nanoseconds };
  return nanoseconds === 0
    ? { seconds: seconds === 0 ? 0 : -seconds, nanoseconds: 0 }
    : { seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds };
}
