/**
 * Copies a directory tree with everything that makes it what it is: owners, modes, times, links, devices, attributes.
 *
 * Shares the blocks where the file system can (reflink).
 *
 * @module
 */
import {
  chmodSync,
  chownSync,
  constants,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  type Stats,
  symlinkSync,
} from "node:fs";
import { copyFile } from "node:fs/promises";
import { deviceNumbers, timesOf } from "../diff/copy_up.ts";
import { toBinary, toPath } from "../diff/tar_entry.ts";
import type { InodeOp, Inodes } from "../host/inodes.ts";

/** Copies what is in `from`, and its own attributes, to the directory `to`, which exists and is empty. */
export async function copyTree(inodes: Inodes, from: string, to: string): Promise<void> {
  const copy = new TreeCopy();
  await copy.directory(toBinary(from), toBinary(to));
  // Special files first, then attributes, and times last, deepest first, so that nothing changes them again.
  await inodes.change(copy.nodes);
  const sets: InodeOp[] = [];
  const found = await inodes.xattrs(copy.pairs.map(([source]) => toPath(source)));
  for (const [i, [, target]] of copy.pairs.entries()) {
    for (const [name, value] of found[i]!) {
      if (!name.startsWith("trusted.overlay."))
        sets.push({ kind: "setxattr", path: toPath(target), name, value });
    }
  }
  await inodes.change([...sets, ...copy.times.reverse()]);
}

class TreeCopy {
  /** Device nodes and fifos to make. */
  readonly nodes: InodeOp[] = [];
  /** Times to set, parents before children. */
  readonly times: InodeOp[] = [];
  /** Sources and targets whose extended attributes are to be copied. */
  readonly pairs: [source: string, target: string][] = [];
  readonly #links = new Map<string, string>();

  async directory(from: string, to: string): Promise<void> {
    const stat = lstatSync(toPath(from));
    chownSync(toPath(to), stat.uid, stat.gid);
    chmodSync(toPath(to), stat.mode & 0o7777);
    this.#keep(from, to);
    for (const name of readdirSync(toPath(from), { encoding: "latin1" })) {
      await this.#entry(`${from}/${name}`, `${to}/${name}`);
    }
  }

  async #entry(from: string, to: string): Promise<void> {
    const stat = lstatSync(toPath(from));
    if (stat.isDirectory()) {
      mkdirSync(toPath(to), { mode: 0o700 });
      return await this.directory(from, to);
    }
    if (stat.nlink > 1) {
      const inode = `${stat.dev}:${stat.ino}`;
      const first = this.#links.get(inode);
      if (first !== undefined && !isSpecial(stat)) return linkSync(toPath(first), toPath(to));
      this.#links.set(inode, to);
    }
    if (stat.isFile()) {
      await copyFile(toPath(from), toPath(to), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    } else if (stat.isSymbolicLink()) {
      symlinkSync(toPath(readlinkSync(toPath(from), { encoding: "latin1" })), toPath(to));
    } else if (isSpecial(stat)) {
      const { mode, uid, gid } = stat;
      this.nodes.push({ kind: "mknod", path: toPath(to), mode, ...deviceNumbers(stat.rdev), uid, gid });
      return this.#keep(from, to);
    } else {
      return; // a socket is nothing without who listens
    }
    lchownSync(toPath(to), stat.uid, stat.gid);
    if (stat.isFile()) chmodSync(toPath(to), stat.mode & 0o7777);
    this.#keep(from, to);
  }

  #keep(from: string, to: string): void {
    this.pairs.push([from, to]);
    this.times.push({ kind: "utimes", path: toPath(to), ...timesOf(from) });
  }
}

function isSpecial(stat: Stats): boolean {
  return stat.isBlockDevice() || stat.isCharacterDevice() || stat.isFIFO();
}
