/**
 * Native snapshots: each is a whole directory tree, copied from its parent. Slow and large, but any file system will do.
 *
 * Source: containerd plugins/snapshots/native/native.go.
 *
 * @module
 */
import { mkdirSync } from "node:fs";
import type { Inodes } from "../host/inodes.ts";
import { copyTree } from "./copy_tree.ts";
import type { SnapshotLayout } from "./layout.ts";

/** The layout of `native` snapshots. */
export function nativeLayout(inodes: Inodes): SnapshotLayout {
  return {
    name: "native",
    contents: (dir) => dir,
    make(dir, kind, parents) {
      mkdirSync(dir, { mode: 0o755 });
      // A view of a snapshot is bound from it.
      return parents[0] !== undefined && kind === "active" ? copyTree(inodes, parents[0], dir) : undefined;
    },
    mounts(dir, kind, parents) {
      const source = kind === "view" && parents[0] !== undefined ? parents[0] : dir;
      return [{ type: "bind", source, options: [kind === "view" ? "ro" : "rw", "rbind"] }];
    },
  };
}
