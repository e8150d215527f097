/**
 * Changes that wait for the end of a layer: what needs the kernel port goes in batches, and the times of
 * directories come last, because every file made in one changes them.
 *
 * @module
 */
import { utimesSync } from "node:fs";
import type { InodeOp, Inodes } from "../host/inodes.ts";
import type { LayerTree, TreeNode } from "./layer_tree.ts";
import { type TarTime, toPath } from "./tar_entry.ts";

/** Operations held back before they are sent: bounds memory and the size of one launch program. */
const BATCH = 1024;

type NewOp = InodeOp extends infer Op ? (Op extends unknown ? Omit<Op, "path"> : never) : never;

/** The held-back changes of one layer. */
export class PendingChanges {
  readonly #tree: LayerTree;
  readonly #inodes: Inodes;
  #ops: { readonly node: TreeNode; readonly op: NewOp }[] = [];
  #copies: { readonly node: TreeNode; readonly from: string }[] = [];
  readonly #directories = new Map<TreeNode, { readonly atime: TarTime; readonly mtime: TarTime }>();

  constructor(tree: LayerTree, inodes: Inodes) {
    this.#tree = tree;
    this.#inodes = inodes;
  }

  /** Whether so much is held back that {@linkcode flush} should be called. */
  get full(): boolean {
    return this.#ops.length >= BATCH;
  }

  /** Holds back a change to `node`; it is dropped if the node is removed meanwhile. */
  add(node: TreeNode, op: NewOp): void {
    this.#ops.push({ node, op });
  }

  /** Holds back giving `node` the extended attributes of `from`, a binary string, but for `trusted.*`. */
  copyXattrs(node: TreeNode, from: string): void {
    this.#copies.push({ node, from });
  }

  /** Holds back the times of a directory. */
  times(node: TreeNode, atime: TarTime, mtime: TarTime): void {
    this.#directories.set(node, { atime, mtime });
  }

  /** Performs what is held back, but for the times of directories. */
  async flush(signal?: AbortSignal): Promise<void> {
    await this.#readCopies(signal);
    const ops = this.#ops
      .filter(({ node }) => this.#tree.attached(node))
      .map(({ node, op }) => ({ ...op, path: toPath(node.path) }) as InodeOp);
    this.#ops = [];
    if (ops.length > 0) await this.#inodes.change(ops, { ...(signal && { signal }) });
  }

  /** Performs everything. */
  async finish(signal?: AbortSignal): Promise<void> {
    await this.flush(signal);
    for (const [node, { atime, mtime }] of this.#directories) {
      if (!this.#tree.attached(node)) continue;
      if (atime.nanoseconds === 0 && mtime.nanoseconds === 0) {
        utimesSync(toPath(node.path), atime.seconds, mtime.seconds);
      } else {
        this.add(node, { kind: "utimes", atime, mtime });
        if (this.full) await this.flush(signal);
      }
    }
    await this.flush(signal);
  }

  async #readCopies(signal?: AbortSignal): Promise<void> {
    const copies = this.#copies;
    this.#copies = [];
    if (copies.length === 0) return;
    const found = await this.#inodes.xattrs(
      copies.map(({ from }) => toPath(from)),
      { ...(signal && { signal }) },
    );
    for (const [i, { node }] of copies.entries()) {
      for (const [name, value] of found[i]!) {
        if (!name.startsWith("trusted.")) this.add(node, { kind: "setxattr", name, value });
      }
    }
  }
}
