/**
 * Writer of cpio archives in the "newc" format, as the kernel unpacks them into its first root file system.
 *
 * Each entry is a header of 110 ASCII bytes (magic `070701`, then 13 fields of eight hexadecimal digits), the name with
 * a NUL, and the data, name and data each padded to four bytes. `TRAILER!!!` ends an archive; archives may follow each
 * other in one file.
 * Source: Linux Documentation/driver-api/early-userspace/buffer-format.rst.
 *
 * @module
 */

/** One file of an archive. */
export interface CpioEntry {
  /** Path without a leading slash. */
  readonly path: string;
  /** File type and permissions, as in `st_mode`. */
  readonly mode: number;
  /** Content of a file, target of a symlink. @default {nothing} */
  readonly data?: Uint8Array;
  /** Device number of a device node. */
  readonly device?: { readonly major: number; readonly minor: number };
}

/** File types, to be joined with the permissions. */
export const FILE_TYPE = {
  directory: 0o040000,
  file: 0o100000,
  symlink: 0o120000,
  character: 0o020000,
} as const;

const text = new TextEncoder();

/** A directory. */
export function directoryEntry(path: string, permissions = 0o755): CpioEntry {
  return { path, mode: FILE_TYPE.directory | permissions };
}

/** A file; text is written as UTF-8. */
export function fileEntry(path: string, data: Uint8Array | string, permissions = 0o644): CpioEntry {
  return {
    path,
    mode: FILE_TYPE.file | permissions,
    data: typeof data === "string" ? text.encode(data) : data,
  };
}

/** A symbolic link. */
export function symlinkEntry(path: string, target: string): CpioEntry {
  return { path, mode: FILE_TYPE.symlink | 0o777, data: text.encode(target) };
}

function padding(length: number): Uint8Array {
  return new Uint8Array((4 - (length % 4)) % 4);
}

function encodeEntry(entry: CpioEntry, inode: number): Uint8Array[] {
  const { data = new Uint8Array(), device } = entry;
  const name = text.encode(`${entry.path}\0`);
  const isDirectory = (entry.mode & 0o170000) === FILE_TYPE.directory;
  const fields = [
    inode,
    entry.mode,
    0, // uid
    0, // gid
    isDirectory ? 2 : 1,
    0, // mtime
    data.length,
    0,
    0, // device of the file system
    device?.major ?? 0,
    device?.minor ?? 0,
    name.length,
    0, // checksum, unused
  ];
  const header = text.encode(`070701${fields.map((f) => f.toString(16).padStart(8, "0")).join("")}`);
  return [header, name, padding(header.length + name.length), data, padding(data.length)];
}

/**
 * The archive of `entries`, in their order: a directory must stand before what is in it.
 *
 * @example
 * ```ts
 * import { fileEntry, newcArchive } from "./newc.ts";
 * const archive = newcArchive([fileEntry("hello", "hello\n")]);
 * if (archive.length % 4 !== 0) throw new Error("not padded");
 * ```
 */
export function newcArchive(entries: readonly CpioEntry[]): Uint8Array {
  const trailer = { path: "TRAILER!!!", mode: 0 };
  const parts = [...entries, trailer].flatMap((entry, i) => encodeEntry(entry, i + 1));
  const archive = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    archive.set(part, at);
    at += part.length;
  }
  return archive;
}
