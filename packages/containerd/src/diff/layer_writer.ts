/**
 * Makes a layer's entries on disk, one by one.
 *
 * Two ways to say that a lower entry is gone: `overlay` writes what overlayfs understands (a character device 0:0,
 * `trusted.overlay.opaque`) into an upper directory; `delete` removes it, for a tree that holds all layers.
 * Names are cleaned and resolved below the root as containerd does it; no entry, link or symbolic link leaves it.
 * Source: image-spec layer.md "Applying Changesets"; containerd pkg/archive/tar.go; Linux overlayfs.rst.
 *
 * @module
 */
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import type { Inodes } from "../host/inodes.ts";
import { codeOfErrno, RtError } from "../oci.ts";
import { copyUp, findLower } from "./copy_up.ts";
import { LayerEntryError } from "./errors.ts";
import { writeBody } from "./file_body.ts";
import { LayerTree, type NewNode, type TreeNode } from "./layer_tree.ts";
import { PendingChanges } from "./pending.ts";
import { type TarEntry, type TarTime, toPath, toText } from "./tar_entry.ts";
import type { TarReader } from "./tar_reader.ts";
import { BOOKKEEPING_PREFIX, whiteoutOf } from "./whiteout.ts";

/** Where a layer goes. */
export interface LayerTarget {
  /** Directory that nobody else touches meanwhile; a binary string. */
  readonly root: string;
  /** Directories of the layers below, nearest first; binary strings. Only with `overlay`. */
  readonly lowers: readonly string[];
  readonly whiteouts: "overlay" | "delete";
  /** Whether the root is known to be empty. */
  readonly empty: boolean;
}

const S_IFIFO = 0o010000;
const S_IFCHR = 0o020000;
const S_IFBLK = 0o060000;
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const OPAQUE_VALUE = new Uint8Array([0x79]); // "y"

/** Writes one layer. */
export class LayerWriter {
  readonly #target: LayerTarget;
  readonly #tree: LayerTree;
  readonly #pending: PendingChanges;
  readonly #umask: number;
  #lastParent: { readonly name: string; readonly node: TreeNode } | undefined;

  /** @param umask The process's file mode creation mask; what it takes away is given back by chmod. */
  constructor(target: LayerTarget, inodes: Inodes, umask: number) {
    this.#target = target;
    this.#tree = new LayerTree(target.root, target.empty);
    this.#pending = new PendingChanges(this.#tree, inodes);
    this.#umask = umask;
  }

  /**
   * Makes `entry`, its body taken from `reader`.
   *
   * @throws {LayerEntryError} With the class of what went wrong, naming the entry.
   */
  async write(entry: TarEntry, reader: TarReader): Promise<void> {
    try {
      if (this.#pending.full) await this.#pending.flush();
      await this.#write(entry, reader);
    } catch (err) {
      throw inEntry(entry.name, err);
    }
  }

  /** Performs what was held back; the layer is complete then. */
  async finish(): Promise<void> {
    await this.#pending.finish();
  }

  async #write(entry: TarEntry, reader: TarReader): Promise<void> {
    const components = cleanName(entry.name);
    const base = components.pop();
    if (base === undefined) return; // the root itself is not changed, as in containerd
    const meaning = whiteoutOf(base);
    if (meaning.kind === "bookkeeping" || components.some((c) => c.startsWith(BOOKKEEPING_PREFIX))) return;
    const dir = this.#parent(components);
    if (meaning.kind === "opaque") return this.#opaque(dir);
    if (meaning.kind === "whiteout") return this.#whiteout(dir, meaning.name, entry);
    const there = this.#tree.child(dir, base);
    if (entry.type === "directory") return this.#directory(dir, base, there, entry);
    // The link's target is found before what is in its place goes, in case both are the same.
    const source = entry.type === "link" ? await this.#linkSource(entry) : undefined;
    if (source !== undefined && source === there) return;
    if (there !== undefined) this.#remove(there);
    switch (entry.type) {
      case "file":
        return this.#file(dir, base, entry, reader);
      case "symlink":
        return this.#symlink(dir, base, entry);
      case "link":
        linkSync(toPath(source!.path), toPath(`${dir.path}/${base}`));
        return this.#attributes(
          this.#tree.add(dir, base, { kind: source!.kind, unpacked: true, ...targetOf(source!) }),
          entry,
        );
      case "char":
        return this.#device(dir, base, entry, S_IFCHR);
      case "block":
        return this.#device(dir, base, entry, S_IFBLK);
      case "fifo":
        return this.#device(dir, base, entry, S_IFIFO);
    }
  }

  #parent(components: readonly string[]): TreeNode {
    const name = components.join("/");
    if (this.#lastParent?.name === name) return this.#lastParent.node;
    const node = this.#tree.directory(components, (dir, base) => this.#impliedDirectory(dir, base))!;
    this.#lastParent = { name, node };
    return node;
  }

  /** A directory that entries need but the archive does not have: like the one below, else root's with 0755. */
  #impliedDirectory(dir: TreeNode, name: string): TreeNode {
    const hidden = this.#tree.child(dir, name); // a whiteout, or nothing
    if (hidden !== undefined) this.#remove(hidden);
    const node = this.#makeDirectory(dir, name, 0o755, false);
    if (hidden !== undefined) this.#opaque(node);
    else {
      const lower = findLower(this.#target.lowers, node.path.slice(this.#target.root.length + 1));
      if (lower?.stat.isDirectory()) copyUp(lower, node, this.#pending);
    }
    return node;
  }

  #makeDirectory(dir: TreeNode, name: string, mode: number, unpacked: boolean): TreeNode {
    const path = toPath(`${dir.path}/${name}`);
    mkdirSync(path, mode & 0o777);
    if (mode & (this.#umask | 0o7000) || dir.setgid) chmodSync(path, mode);
    return this.#tree.add(dir, name, { kind: "directory", unpacked, setgid: (mode & 0o2000) !== 0 });
  }

  #directory(dir: TreeNode, name: string, there: TreeNode | undefined, entry: TarEntry): void {
    let node = there;
    if (node?.kind !== "directory") {
      if (node !== undefined) this.#remove(node);
      const hidden = node?.kind === "whiteout";
      node = this.#makeDirectory(dir, name, entry.mode, true);
      if (hidden) this.#opaque(node);
      if (entry.uid !== 0 || entry.gid !== 0 || dir.setgid) {
        lchownSync(toPath(node.path), entry.uid, entry.gid);
        if (entry.mode & 0o6000) chmodSync(toPath(node.path), entry.mode);
      }
    } else {
      lchownSync(toPath(node.path), entry.uid, entry.gid);
      chmodSync(toPath(node.path), entry.mode);
      node.setgid = (entry.mode & 0o2000) !== 0;
      node.unpacked = true;
    }
    this.#xattrs(node, entry);
    const { atime, mtime } = times(entry);
    this.#pending.times(node, atime, mtime);
  }

  async #file(dir: TreeNode, name: string, entry: TarEntry, reader: TarReader): Promise<void> {
    const fd = openSync(toPath(`${dir.path}/${name}`), CREATE, entry.mode & 0o777);
    try {
      const node = this.#tree.add(dir, name, { kind: "file", unpacked: true });
      await writeBody(fd, entry, reader);
      const owned = entry.uid !== 0 || entry.gid !== 0 || dir.setgid;
      if (owned) fchownSync(fd, entry.uid, entry.gid);
      if (entry.mode & (this.#umask | 0o7000)) fchmodSync(fd, entry.mode);
      this.#xattrs(node, entry);
      const { atime, mtime } = times(entry);
      if (atime.nanoseconds === 0 && mtime.nanoseconds === 0) futimesSync(fd, atime.seconds, mtime.seconds);
      else this.#pending.add(node, { kind: "utimes", atime, mtime });
    } finally {
      closeSync(fd);
    }
  }

  #symlink(dir: TreeNode, name: string, entry: TarEntry): void {
    const path = toPath(`${dir.path}/${name}`);
    symlinkSync(toPath(entry.linkName), path);
    const node = this.#tree.add(dir, name, { kind: "symlink", unpacked: true, target: entry.linkName });
    if (entry.uid !== 0 || entry.gid !== 0 || dir.setgid) lchownSync(path, entry.uid, entry.gid);
    this.#xattrs(node, entry);
    const { atime, mtime } = times(entry);
    if (atime.nanoseconds === 0 && mtime.nanoseconds === 0) lutimesSync(path, atime.seconds, mtime.seconds);
    else this.#pending.add(node, { kind: "utimes", atime, mtime });
  }

  /** Gives a hard link the attributes that its entry names, which are those of the inode. */
  #attributes(node: TreeNode, entry: TarEntry): void {
    const path = toPath(node.path);
    lchownSync(path, entry.uid, entry.gid);
    if (node.kind !== "symlink") chmodSync(path, entry.mode);
    this.#xattrs(node, entry);
    this.#pending.add(node, { kind: "utimes", ...times(entry) });
  }

  #device(dir: TreeNode, name: string, entry: TarEntry, type: number): void {
    const { deviceMajor: major, deviceMinor: minor } = entry;
    if (major < 0 || major > 0xfffff || minor < 0 || minor > 0xfffff) {
      throw new LayerEntryError(toText(entry.name), `device number ${major}:${minor} out of range`);
    }
    const node = this.#tree.add(dir, name, { kind: "special", unpacked: true });
    const { uid, gid } = entry;
    this.#pending.add(node, { kind: "mknod", mode: type | entry.mode, major, minor, uid, gid });
    this.#xattrs(node, entry);
    const { atime, mtime } = times(entry);
    this.#pending.add(node, { kind: "utimes", atime, mtime });
  }

  /** The inode that a link entry names, copied up from below if it is only there. */
  async #linkSource(entry: TarEntry): Promise<TreeNode> {
    const components = cleanName(entry.linkName);
    const base = components.pop();
    const dir = this.#tree.directory(components);
    let node = base === undefined || dir === undefined ? undefined : this.#tree.child(dir, base);
    if (node === undefined && base !== undefined) {
      const lower = findLower(this.#target.lowers, [...components, base].join("/"));
      if (lower !== undefined && !lower.stat.isDirectory()) {
        node = this.#copyUp(this.#parent(components), base, lower);
      }
    }
    if (node === undefined || node.kind === "whiteout") {
      throw new LayerEntryError(
        toText(entry.name),
        `link target ${JSON.stringify(toText(entry.linkName))} not found`,
        {
          code: "NOT_FOUND",
        },
      );
    }
    if (node.kind === "directory") throw new LayerEntryError(toText(entry.name), "link to a directory");
    if (node.kind === "special") await this.#pending.flush(); // it may not be made yet
    return node;
  }

  #copyUp(dir: TreeNode, name: string, lower: NonNullable<ReturnType<typeof findLower>>): TreeNode {
    const made: NewNode = lower.stat.isSymbolicLink()
      ? { kind: "symlink", unpacked: false, target: lower.target! }
      : { kind: lower.stat.isFile() ? "file" : "special", unpacked: false };
    const node = this.#tree.add(dir, name, made);
    copyUp(lower, node, this.#pending);
    return node;
  }

  #opaque(dir: TreeNode): void {
    if (this.#target.whiteouts === "overlay") {
      this.#pending.add(dir, { kind: "setxattr", name: "trusted.overlay.opaque", value: OPAQUE_VALUE });
      return;
    }
    this.#clear(dir);
  }

  /** Removes everything in `dir` that this layer did not put there. */
  #clear(dir: TreeNode): void {
    if (dir.complete) return; // we made it, so it holds nothing else
    for (const name of readdirSync(toPath(dir.path), { encoding: "latin1" })) {
      const node = this.#tree.child(dir, name);
      if (node === undefined) continue;
      if (!holdsUnpacked(node)) this.#remove(node);
      else if (node.kind === "directory") this.#clear(node);
    }
  }

  #whiteout(dir: TreeNode, name: string, entry: TarEntry): void {
    const there = this.#tree.child(dir, name);
    if (this.#target.whiteouts === "delete") {
      if (there === undefined) return;
      if (!holdsUnpacked(there)) this.#remove(there);
      else if (there.kind === "directory") this.#clear(there);
      return;
    }
    if (there?.kind === "whiteout") return;
    if (there !== undefined) {
      // This layer has the name itself: only what lies below is hidden, which matters for directories alone.
      if (there.kind === "directory") this.#opaque(there);
      return;
    }
    const node = this.#tree.add(dir, name, { kind: "whiteout", unpacked: true });
    const { uid, gid } = entry;
    this.#pending.add(node, { kind: "mknod", mode: S_IFCHR, major: 0, minor: 0, uid, gid });
  }

  #remove(node: TreeNode): void {
    const path = toPath(node.path);
    if (node.kind === "directory") rmSync(path, { recursive: true });
    else {
      // Whiteouts and devices of this layer may still be pending.
      const stat = lstatSync(path, { throwIfNoEntry: false });
      if (stat !== undefined) unlinkSync(path);
    }
    this.#tree.detach(node);
    if (node.kind === "directory" || node.kind === "symlink") this.#lastParent = undefined;
  }

  #xattrs(node: TreeNode, entry: TarEntry): void {
    for (const [name, value] of entry.xattrs) {
      // An archive has no say in what overlayfs and the kernel keep for themselves, as in containerd;
      // user.* exists on files and directories only.
      if (name.startsWith("trusted.") || name.startsWith("user.overlay.")) continue;
      if (name.startsWith("user.") && node.kind !== "file" && node.kind !== "directory") continue;
      this.#pending.add(node, { kind: "setxattr", name, value });
    }
  }
}

/** The components of an entry's name, `.` and `..` taken out as if the root were `/`. */
function cleanName(name: string): string[] {
  const out: string[] = [];
  for (const component of name.split("/")) {
    if (component === "" || component === ".") continue;
    if (component === "..") out.pop();
    else out.push(component);
  }
  return out;
}

/** Whether this layer put `node`, or anything below it, where it is. */
function holdsUnpacked(node: TreeNode): boolean {
  if (node.unpacked) return true;
  for (const child of node.children?.values() ?? []) if (holdsUnpacked(child)) return true;
  return false;
}

function targetOf(node: TreeNode): { target?: string } {
  return node.target === undefined ? {} : { target: node.target };
}

const EPOCH: TarTime = { seconds: 0, nanoseconds: 0 };
/** The last second that 64-bit nanoseconds hold, as in Go. */
const LAST_SECOND = 9_223_372_036;

/** The entry's times: never before 1970, and accessed no earlier than changed, as in containerd. */
function times(entry: TarEntry): { atime: TarTime; mtime: TarTime } {
  const mtime = bounded(entry.mtime);
  const atime = entry.atime === undefined ? mtime : bounded(entry.atime);
  const later = atime.seconds - mtime.seconds || atime.nanoseconds - mtime.nanoseconds;
  return { mtime, atime: later > 0 ? atime : mtime };
}

function bounded(time: TarTime): TarTime {
  return time.seconds < 0 || time.seconds > LAST_SECOND ? EPOCH : time;
}

/** Puts the entry's name in front of an error of the file system. */
function inEntry(name: string, err: unknown): unknown {
  if (err instanceof RtError || !(err instanceof Error) || !("syscall" in err)) return err;
  const errno = "code" in err ? String(err.code) : "EIO";
  const { syscall } = err as { syscall?: unknown };
  return new LayerEntryError(toText(name), `${String(syscall)}: ${errno}`, {
    code: codeOfErrno(errno),
    cause: err,
  });
}
