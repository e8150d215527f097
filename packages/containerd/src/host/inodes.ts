/**
 * Port for what JavaScript engines cannot do to inodes: device nodes, extended attributes, times to the nanosecond.
 *
 * Calls come in batches, so that a layer costs a handful of launches and not one per file.
 *
 * @module
 */
import type { Buffer } from "node:buffer";

/** A path as the file system takes it: text, or bytes where a name is not UTF-8. */
export type InodePath = string | Buffer;

/** Seconds and nanoseconds since 1970. */
export interface InodeTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** One change to one inode. Symbolic links are never followed at the last component. */
export type InodeOp =
  | {
      readonly kind: "mknod";
      readonly path: InodePath;
      /** Type bits (S_IFCHR, S_IFBLK, S_IFIFO) and permissions. */
      readonly mode: number;
      readonly major: number;
      readonly minor: number;
      readonly uid: number;
      readonly gid: number;
    }
  | { readonly kind: "setxattr"; readonly path: InodePath; readonly name: string; readonly value: Uint8Array }
  | {
      readonly kind: "utimes";
      readonly path: InodePath;
      readonly atime: InodeTime;
      readonly mtime: InodeTime;
    };

/** Batches of inode operations. */
export interface Inodes {
  /**
   * Performs `ops` in order. A `setxattr` that the file system does not support is passed over, as containerd does.
   *
   * @throws {RtError} The class of the first failure's errno, its text naming the path; earlier ones stay done.
   */
  change(ops: readonly InodeOp[], options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** All extended attributes of each path, in the order of `paths`; none where the file system has none. */
  xattrs(
    paths: readonly InodePath[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<ReadonlyMap<string, Uint8Array>[]>;
  /** Writes what the file system of `path` holds in memory to disk. */
  syncFs(path: InodePath): Promise<void>;
}
