/**
 * One entry of a tar archive, in our own terms.
 *
 * File names in Linux are bytes. Here a name is a *binary string*: one character per byte (latin1), so that
 * it compares, splits and hashes like a string and yet loses nothing; `toPath` hands it to the file system.
 * Source: POSIX.1-2017 pax "ustar Interchange Format", GNU tar manual "Basic Tar Format".
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** What an entry makes: the kinds of inode that a layer can hold. */
export type TarEntryType = "file" | "link" | "symlink" | "char" | "block" | "directory" | "fifo";

/** A point in time as tar and the kernel write it. */
export interface TarTime {
  /** Whole seconds since 1970, may be negative. */
  readonly seconds: number;
  /** 0 to 999 999 999. */
  readonly nanoseconds: number;
}

/** A run of real data in a sparse file. */
export interface SparseSegment {
  /** Where in the file the run begins. Bytes. */
  readonly offset: number;
  /** Its length. Bytes. */
  readonly length: number;
}

/** The header of one archive member. */
export interface TarEntry {
  readonly type: TarEntryType;
  /** Path as the archive gives it, a binary string, not yet cleaned. */
  readonly name: string;
  /** Target of a link or symlink, a binary string. */
  readonly linkName: string;
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of body that follow in the archive; 0 for everything but files. */
  readonly size: number;
  readonly mtime: TarTime;
  /** Access time, where the archive has it. */
  readonly atime?: TarTime;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  /** Extended attributes (PAX `SCHILY.xattr.*`), values as bytes. */
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
  /** For a sparse file: where the body's bytes belong, and the file's real size. */
  readonly sparse?: { readonly size: number; readonly segments: readonly SparseSegment[] };
}

const ASCII = /^[\x00-\x7f]*$/;

/** Gives the file system the bytes of binary string `name`. */
export function toPath(name: string): string | Buffer {
  return ASCII.test(name) ? name : Buffer.from(name, "latin1");
}

/** Turns ordinary text, such as a root directory's path, into a binary string. */
export function toBinary(text: string): string {
  return ASCII.test(text) ? text : Buffer.from(text, "utf8").toString("latin1");
}

/** Turns a binary string into text for people. */
export function toText(name: string): string {
  return ASCII.test(name) ? name : Buffer.from(name, "latin1").toString("utf8");
}
