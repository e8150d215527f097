/**
 * Brings something from a lower layer up, as overlayfs does when it is changed.
 *
 * Needed where a layer's entry leans on what only a layer below has: a directory that the archive leaves out, or the
 * target of a hard link.
 *
 * @module
 */
import {
  chmodSync,
  constants,
  copyFileSync,
  lchownSync,
  lstatSync,
  readlinkSync,
  type Stats,
  symlinkSync,
} from "node:fs";
import type { TreeNode } from "./layer_tree.ts";
import type { PendingChanges } from "./pending.ts";
import { type TarTime, toPath } from "./tar_entry.ts";

/** Something in a lower layer. */
export interface LowerEntry {
  /** Binary string. */
  readonly path: string;
  readonly stat: Stats;
  /** Where a symbolic link points. */
  readonly target?: string;
}

/**
 * Finds `relative` in the nearest of `lowers` that has it; a whiteout or a file in its way hides what is below.
 *
 * Every component is looked at, so that no symbolic link is followed. Lower layers do not change.
 */
export function findLower(lowers: readonly string[], relative: string): LowerEntry | undefined {
  const components = relative.split("/").filter((c) => c !== "" && c !== ".");
  if (components.length === 0 || components.includes("..")) return undefined;
  for (const lower of lowers) {
    let path = lower;
    let stat: Stats | undefined;
    for (const [i, component] of components.entries()) {
      path = `${path}/${component}`;
      stat = lstatSync(toPath(path), { throwIfNoEntry: false });
      if (stat === undefined) break;
      if (i < components.length - 1 && !stat.isDirectory()) return undefined;
    }
    if (stat === undefined) continue;
    if (stat.isCharacterDevice() && stat.rdev === 0) return undefined;
    if (!stat.isSymbolicLink()) return { path, stat };
    return { path, stat, target: readlinkSync(toPath(path), { encoding: "latin1" }) };
  }
  return undefined;
}

/** Makes `node` on disk like `lower`; for a directory, which is there already, only its attributes. */
export function copyUp(lower: LowerEntry, node: TreeNode, pending: PendingChanges): void {
  const { stat } = lower;
  const path = toPath(node.path);
  const { atime, mtime } = timesOf(lower.path);
  if (stat.isFile()) copyFileSync(toPath(lower.path), path, constants.COPYFILE_EXCL);
  else if (stat.isSymbolicLink()) symlinkSync(toPath(lower.target!), path);
  else if (!stat.isDirectory()) {
    const { mode, uid, gid } = stat;
    const { major, minor } = deviceNumbers(stat.rdev);
    pending.add(node, { kind: "mknod", mode, major, minor, uid, gid });
    pending.add(node, { kind: "utimes", atime, mtime });
    return;
  }
  lchownSync(path, stat.uid, stat.gid);
  if (!stat.isSymbolicLink()) chmodSync(path, stat.mode & 0o7777);
  pending.copyXattrs(node, lower.path);
  if (stat.isDirectory()) pending.times(node, atime, mtime);
  else pending.add(node, { kind: "utimes", atime, mtime });
}

/** Splits Linux' encoding of a device number (sysmacros.h). */
export function deviceNumbers(rdev: number): { major: number; minor: number } {
  const dev = BigInt(rdev);
  return {
    major: Number(((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n)),
    minor: Number((dev & 0xffn) | ((dev >> 12n) & 0xffffff00n)),
  };
}

/** Access and modification time of what is at `path`, a binary string, to the nanosecond. */
export function timesOf(path: string): { readonly atime: TarTime; readonly mtime: TarTime } {
  const { atimeNs, mtimeNs } = lstatSync(toPath(path), { bigint: true });
  return { atime: timeOf(atimeNs), mtime: timeOf(mtimeNs) };
}

function timeOf(ns: bigint): TarTime {
  const nanoseconds = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return { seconds: Number((ns - nanoseconds) / 1_000_000_000n), nanoseconds: Number(nanoseconds) };
}
