/**
 * Mount as data: what a snapshotter hands out and a shim performs.
 *
 * Source: containerd api/types/mount.proto.
 *
 * @module
 */

/** One mount, to be performed in order; the first of a list is the base. */
export interface Mount {
  /** File system type, e.g. `overlay`, `bind`. */
  readonly type: string;
  /** Device, directory or name given to the file system. */
  readonly source: string;
  /** Path below the mount point that this mount goes to; empty or absent is the mount point itself. */
  readonly target?: string;
  /** Options in fstab(5) style, e.g. `ro`, `rbind`, `lowerdir=…`. */
  readonly options: readonly string[];
}
