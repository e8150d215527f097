/**
 * What is known of the tree that a layer is being unpacked into.
 *
 * The tree belongs to us alone while a layer goes in, so what was seen or made once stays true; each path component
 * is looked at once and symbolic links are followed here, below the root, and never by the kernel. In a directory
 * that we made, what is not in the tree does not exist, which saves a system call for every file.
 *
 * @module
 */
import { lstatSync, readlinkSync } from "node:fs";
import { LayerEntryError } from "./errors.ts";
import { toPath, toText } from "./tar_entry.ts";

/** Like containerd's RootPath: a chain longer than this is a loop. */
const MAX_LINKS = 255;

/** One inode of the tree. */
export interface TreeNode {
  readonly name: string;
  /** Path from the file system's root, a binary string; holds no symbolic link below the tree's root. */
  readonly path: string;
  readonly parent: TreeNode | undefined;
  readonly kind: "directory" | "symlink" | "file" | "special" | "whiteout";
  /** Where a symbolic link points. */
  readonly target?: string;
  /** Children seen so far; of directories only. */
  readonly children?: Map<string, TreeNode>;
  /** Whether `children` is all there is, because we made the directory. */
  readonly complete: boolean;
  /** Whether this layer put it here. */
  unpacked: boolean;
  /** Whether new files in it get its group. */
  setgid: boolean;
}

/** What is needed to record a node. */
export type NewNode = Pick<TreeNode, "kind" | "unpacked"> & {
  readonly target?: string;
  readonly setgid?: boolean;
};

/** The tree below one root. */
export class LayerTree {
  readonly root: TreeNode;

  /** @param empty Whether the root is known to have no entries. */
  constructor(rootPath: string, empty: boolean) {
    this.root = {
      name: "",
      path: rootPath,
      parent: undefined,
      kind: "directory",
      children: new Map(),
      complete: empty,
      unpacked: false,
      setgid: false,
    };
  }

  /** The entry `name` of `dir`, looked up on disk at most once. */
  child(dir: TreeNode, name: string): TreeNode | undefined {
    const known = dir.children!.get(name);
    if (known !== undefined || dir.complete) return known;
    const path = `${dir.path}/${name}`;
    const stat = lstatSync(toPath(path), { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    const kind = stat.isDirectory()
      ? "directory"
      : stat.isSymbolicLink()
        ? "symlink"
        : stat.isFile()
          ? "file"
          : stat.isCharacterDevice() && stat.rdev === 0
            ? "whiteout"
            : "special";
    const target = kind === "symlink" ? readlinkSync(toPath(path), { encoding: "latin1" }) : undefined;
    const setgid = kind === "directory" && (stat.mode & 0o2000) !== 0;
    return this.#record(
      dir,
      name,
      { kind, unpacked: false, setgid, ...(target !== undefined && { target }) },
      false,
    );
  }

  /** Records what was just made at `name` in `dir`. */
  add(dir: TreeNode, name: string, node: NewNode): TreeNode {
    return this.#record(dir, name, node, true);
  }

  /** Forgets `node` and all below it, because it was just removed. */
  detach(node: TreeNode): void {
    const siblings = node.parent?.children;
    if (siblings?.get(node.name) === node) siblings.delete(node.name);
  }

  /** Whether `node` is still in the tree. */
  attached(node: TreeNode): boolean {
    for (let at = node; at.parent !== undefined; at = at.parent) {
      if (at.parent.children!.get(at.name) !== at) return false;
    }
    return true;
  }

  /**
   * The directory that `components` lead to, symbolic links resolved below the root; `..` stops at the root.
   *
   * @param make Makes a directory that is missing; without it a missing one is undefined.
   * @throws {LayerEntryError} `INVALID_ARGUMENT` if a component is no directory or the links loop.
   */
  directory(
    components: readonly string[],
    make?: (dir: TreeNode, name: string) => TreeNode,
  ): TreeNode | undefined {
    let at = this.root;
    let links = 0;
    const left = components.toReversed();
    for (let name = left.pop(); name !== undefined; name = left.pop()) {
      if (name === "" || name === ".") continue;
      if (name === "..") {
        at = at.parent ?? at;
        continue;
      }
      let next = this.child(at, name);
      if (next === undefined || next.kind === "whiteout") next = make?.(at, name);
      if (next === undefined) return undefined;
      if (next.kind === "directory") {
        at = next;
      } else if (next.kind === "symlink") {
        if (++links > MAX_LINKS) throw new LayerEntryError(toText(components.join("/")), "too many links");
        const target = next.target!;
        if (target.startsWith("/")) at = this.root;
        left.push(...target.split("/").reverse());
      } else {
        throw new LayerEntryError(toText(components.join("/")), `${toText(name)}: not a directory`);
      }
    }
    return at;
  }

  #record(dir: TreeNode, name: string, node: NewNode, made: boolean): TreeNode {
    const isDirectory = node.kind === "directory";
    const out: TreeNode = {
      name,
      path: `${dir.path}/${name}`,
      parent: dir,
      kind: node.kind,
      complete: made && isDirectory,
      unpacked: node.unpacked,
      setgid: node.setgid ?? false,
      ...(node.target !== undefined && { target: node.target }),
      ...(isDirectory && { children: new Map() }),
    };
    dir.children!.set(name, out);
    return out;
  }
}
