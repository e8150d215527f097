/**
 * Overlay snapshots: `<id>/fs` holds what a snapshot has over its parents, `<id>/work` is overlayfs' own.
 *
 * One layer is bound and not overlaid. Options are those of containerd 1.6: `index=off`, `workdir`, `upperdir`,
 * `lowerdir` with the nearest parent first. Source: containerd plugins/snapshots/overlay/overlay.go, Linux overlayfs.rst.
 *
 * @module
 */
import { chownSync, existsSync, lchownSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { SnapshotLayout } from "./layout.ts";

/** Options for {@linkcode overlayLayout}. */
export interface OverlayOptions {
  /** Whether `index=off` is given. @default {whether the kernel's module knows it} */
  readonly indexOff?: boolean;
  /** Whether overlayfs keeps its marks in `user.*`, which it must inside a user namespace. @default {false} */
  readonly userXattr?: boolean;
}

/** The layout of `overlayfs` snapshots. */
export function overlayLayout(options: OverlayOptions = {}): SnapshotLayout {
  const indexOff = options.indexOff ?? existsSync("/sys/module/overlay/parameters/index");
  const common = [...(indexOff ? ["index=off"] : []), ...(options.userXattr ? ["userxattr"] : [])];
  const upper = (dir: string): string => join(dir, "fs");
  return {
    name: "overlayfs",
    contents: upper,
    make(dir, kind, parents) {
      mkdirSync(dir, { mode: 0o700 });
      chownSync(dir, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
      mkdirSync(upper(dir), { mode: 0o755 });
      if (kind === "active") mkdirSync(join(dir, "work"), { mode: 0o711 });
      const parent = parents[0];
      if (parent === undefined) return undefined;
      const { uid, gid } = statSync(upper(parent));
      if (uid !== 0 || gid !== 0) lchownSync(upper(dir), uid, gid);
      return undefined;
    },
    mounts(dir, kind, parents) {
      if (parents.length === 0) {
        return [{ type: "bind", source: upper(dir), options: [kind === "view" ? "ro" : "rw", "rbind"] }];
      }
      if (kind !== "active" && parents.length === 1) {
        return [{ type: "bind", source: upper(parents[0]!), options: ["ro", "rbind"] }];
      }
      const own = kind === "active" ? [`workdir=${join(dir, "work")}`, `upperdir=${upper(dir)}`] : [];
      const lowers = parents.map(upper).join(":");
      return [{ type: "overlay", source: "overlay", options: [...common, ...own, `lowerdir=${lowers}`] }];
    },
  };
}
