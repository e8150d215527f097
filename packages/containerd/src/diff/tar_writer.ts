/**
 * Writes tar headers: ustar, with a PAX header before an entry where ustar cannot say it.
 *
 * The same entry always gives the same bytes. Source: POSIX.1-2017 pax.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { TarEntry, TarEntryType, TarTime } from "./tar_entry.ts";

const BLOCK = 512;
const FLAGS: Readonly<Record<TarEntryType, string>> = {
  file: "0",
  link: "1",
  symlink: "2",
  char: "3",
  block: "4",
  directory: "5",
  fifo: "6",
};

/** What has to be said of an entry; the rest has plain defaults. */
export type NewTarEntry = Pick<TarEntry, "type" | "name"> &
  Partial<Omit<TarEntry, "type" | "name" | "sparse">>;

/** The two zero blocks that end an archive. */
export const END_OF_ARCHIVE: Uint8Array = new Uint8Array(2 * BLOCK);

/** Zeros that fill the block after a body of `size` bytes. */
export function padding(size: number): Uint8Array {
  return new Uint8Array(-size & (BLOCK - 1));
}

/** The header blocks of `entry`; `size` bytes of body and {@linkcode padding} have to follow. */
export function encodeHeader(entry: NewTarEntry): Uint8Array {
  const pax: [string, Uint8Array][] = [];
  const isFile = entry.type === "file";
  const size = isFile ? (entry.size ?? 0) : 0;
  const { mode = 0o644, uid = 0, gid = 0, mtime = { seconds: 0, nanoseconds: 0 }, linkName = "" } = entry;
  const { name, prefix } = splitName(entry.name) ?? { name: "", prefix: "" };
  if (name === "") pax.push(["path", bytes(entry.name)]);
  if (linkName.length > 100 || !ascii(linkName)) pax.push(["linkpath", bytes(linkName)]);
  if (size > MAX_OCTAL_11) pax.push(["size", bytes(String(size))]);
  if (uid > MAX_OCTAL_7) pax.push(["uid", bytes(String(uid))]);
  if (gid > MAX_OCTAL_7) pax.push(["gid", bytes(String(gid))]);
  if (mtime.nanoseconds !== 0 || mtime.seconds < 0 || mtime.seconds > MAX_OCTAL_11)
    pax.push(["mtime", bytes(decimal(mtime))]);
  if (entry.atime !== undefined) pax.push(["atime", bytes(decimal(entry.atime))]);
  for (const [key, value] of [...(entry.xattrs ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))) {
    pax.push([`SCHILY.xattr.${key}`, value]);
  }
  const fallback = Buffer.from(entry.name, "latin1")
    .toString("latin1")
    .slice(-100)
    .replace(/[^\x20-\x7e]/g, "_");
  const main = block({
    name: name === "" ? fallback : name,
    prefix,
    flag: FLAGS[entry.type],
    mode,
    uid: uid > MAX_OCTAL_7 ? 0 : uid,
    gid: gid > MAX_OCTAL_7 ? 0 : gid,
    size: size > MAX_OCTAL_11 ? 0 : size,
    mtime: Math.min(Math.max(mtime.seconds, 0), MAX_OCTAL_11),
    linkName: ascii(linkName) ? linkName.slice(0, 100) : "",
    major: entry.deviceMajor ?? 0,
    minor: entry.deviceMinor ?? 0,
  });
  if (pax.length === 0) return main;
  const body = Buffer.concat(pax.map(([key, value]) => paxRecord(key, value)));
  const head = block({
    name: "PaxHeaders.0/entry",
    prefix: "",
    flag: "x",
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: body.length,
    mtime: 0,
    linkName: "",
    major: 0,
    minor: 0,
  });
  return Buffer.concat([head, body, padding(body.length), main]);
}

const MAX_OCTAL_7 = 0o7777777;
const MAX_OCTAL_11 = 0o77777777777;

interface Fields {
  readonly name: string;
  readonly prefix: string;
  readonly flag: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly linkName: string;
  readonly major: number;
  readonly minor: number;
}

function block(f: Fields): Buffer {
  const out = Buffer.alloc(BLOCK);
  const octal = (value: number, offset: number, length: number): void => {
    out.write(value.toString(8).padStart(length - 1, "0"), offset, "latin1");
  };
  out.write(f.name, 0, 100, "latin1");
  octal(f.mode, 100, 8);
  octal(f.uid, 108, 8);
  octal(f.gid, 116, 8);
  octal(f.size, 124, 12);
  octal(f.mtime, 136, 12);
  out.write("        ", 148, "latin1");
  out.write(f.flag, 156, "latin1");
  out.write(f.linkName, 157, 100, "latin1");
  out.write("ustar\x0000", 257, "latin1");
  octal(f.major, 329, 8);
  octal(f.minor, 337, 8);
  out.write(f.prefix, 345, 155, "latin1");
  let sum = 0;
  for (const byte of out) sum += byte;
  out.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return out;
}

/** Divides a name between the fields `prefix` and `name`; undefined if it does not fit or is not ASCII. */
function splitName(full: string): { name: string; prefix: string } | undefined {
  if (!ascii(full) || full === "") return undefined;
  if (full.length <= 100) return { name: full, prefix: "" };
  if (full.length > 256) return undefined;
  const slash = full.indexOf("/", full.length - 101);
  if (slash <= 0 || slash > 155 || slash === full.length - 1) return undefined;
  return { prefix: full.slice(0, slash), name: full.slice(slash + 1) };
}

function paxRecord(key: string, value: Uint8Array): Buffer {
  const head = Buffer.from(` ${key}=`);
  const rest = head.length + value.length + 1;
  let length = rest + String(rest).length;
  if (String(length).length + rest !== length) length = rest + String(length).length;
  return Buffer.concat([Buffer.from(String(length)), head, value, Buffer.from("\n")]);
}

function decimal({ seconds, nanoseconds }: TarTime): string {
  if (nanoseconds === 0) return String(seconds);
  const whole = seconds < 0 ? seconds + 1 : seconds;
  const fraction = (seconds < 0 ? 1_000_000_000 - nanoseconds : nanoseconds).toString().padStart(9, "0");
  return `${seconds < 0 && whole === 0 ? "-0" : whole}.${fraction.replace(/0+$/, "")}`;
}

function bytes(binary: string): Buffer {
  return Buffer.from(binary, "latin1");
}

function ascii(text: string): boolean {
  return /^[\x01-\x7f]*$/.test(text);
}
