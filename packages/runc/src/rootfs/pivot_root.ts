/**
 * The root file system: bound on itself, made the root, the host's left behind.
 *
 * Source: pivot_root(2), example with "."; opencontainers/runc libcontainer/rootfs_linux.go `pivotRoot`, `msMoveRoot`.
 *
 * @module
 */
import { AT, AT_FDCWD, MOUNT, MS, O } from "../init/linux.ts";
import type { Operand, ProgramBuilder, Slot } from "../launch/program.ts";
import { attach } from "./mount.ts";

/** Binds the directory `path` on itself, as pivot_root wants a mount; the result is a slot with its descriptor. */
export function emitBindRoot(p: ProgramBuilder, path: string): Slot {
  const name = `bind root ${path}`;
  const place = p.sys("openat", [AT_FDCWD, p.cstring(path), O.path | O.directory | O.cloexec], { name });
  const root = p.slot();
  const flags = MOUNT.openTreeClone | O.cloexec | AT.emptyPath | AT.recursive;
  p.sys("open_tree", [place, p.cstring(""), flags], { into: root, name });
  attach(p, root, place, name);
  p.sys("close", [place]);
  return root;
}

/** Makes `root` the root and takes the host's away. */
export function emitPivotRoot(p: ProgramBuilder, root: Operand): void {
  const name = "pivot root";
  const dot = p.cstring(".");
  const old = p.sys("openat", [AT_FDCWD, p.cstring("/"), O.path | O.directory | O.cloexec], { name });
  p.sys("fchdir", [root], { name });
  p.sys("pivot_root", [dot, dot], { name });
  p.sys("fchdir", [old], { name });
  p.sys("mount", [0, dot, 0, MS.slave | MS.rec, 0], { name: "detach old root" });
  p.sys("umount2", [dot, MOUNT.detach], { name: "detach old root" });
  p.sys("close", [old], { name });
  p.sys("chdir", [p.cstring("/")], { name });
}

/** For roots that pivot_root cannot leave (ramfs): moves the mount over `/` and calls chroot. */
export function emitMoveRoot(p: ProgramBuilder, root: Operand): void {
  const name = "move root";
  const slash = p.sys("openat", [AT_FDCWD, p.cstring("/"), O.path | O.directory | O.cloexec], { name });
  attach(p, root, slash, name);
  p.sys("close", [slash], { name });
  p.sys("fchdir", [root], { name });
  p.sys("chroot", [p.cstring(".")], { name });
  p.sys("chdir", [p.cstring("/")], { name });
}
