/**
 * Masked and read-only paths.
 *
 * A masked file is covered by the host's null device, a masked directory by an empty read-only tmpfs. All is done
 * before pivot_root, through descriptors: the null device is the host's own, not a file that an image can swap
 * (CVE-2025-31133). Source: runtime-spec config-linux.md "Masked Paths", "Readonly Paths".
 *
 * @module
 */
import { AT, AT_FDCWD, MOUNT, MOUNT_ATTR, O } from "../init/linux.ts";
import type { Operand, ProgramBuilder } from "../launch/program.ts";
import { attach, newFilesystem, setAttributes } from "./mount.ts";
import { parseMountOptions } from "./mount_options.ts";
import { components, openInRoot } from "./target.ts";

const inside = (path: string): string => `/${components(path).join("/")}`;

/** Covers `paths`; those that do not exist are left alone. */
export function emitMaskedPaths(p: ProgramBuilder, root: Operand, paths: readonly string[]): void {
  for (const path of paths.filter((text) => text.startsWith("/"))) {
    const name = `mask ${path}`;
    const done = p.label();
    const isFile = p.label();
    const target = p.slot();
    openInRoot(p, { root, path: inside(path), flags: O.path, name, missing: done }, target);
    // A directory opens by "." below it, a file does not.
    const probe = p.sys("openat", [target, p.cstring("."), O.path | O.directory | O.cloexec], {
      onErrno: { errnos: ["ENOTDIR"], goto: isFile },
      name,
    });
    p.sys("close", [probe]);
    const options = parseMountOptions(["ro", "nr_blocks=1", "nr_inodes=1"]);
    const empty = newFilesystem(p, { type: "tmpfs", source: "tmpfs", options }, name);
    attach(p, empty, target, name);
    p.sys("close", [empty]);
    p.sys("close", [target]);
    p.jump(done);
    p.place(isFile);
    const nothing = p.sys("open_tree", [AT_FDCWD, p.cstring("/dev/null"), MOUNT.openTreeClone | O.cloexec], {
      name,
    });
    attach(p, nothing, target, name);
    p.sys("close", [nothing]);
    p.sys("close", [target]);
    p.place(done);
  }
}

/** Makes `paths` read-only by binding them on themselves; those that do not exist are left alone. */
export function emitReadonlyPaths(p: ProgramBuilder, root: Operand, paths: readonly string[]): void {
  for (const path of paths.filter((text) => text.startsWith("/"))) {
    const name = `make ${path} read-only`;
    const done = p.label();
    const target = p.slot();
    openInRoot(p, { root, path: inside(path), flags: O.path, name, missing: done }, target);
    const flags = MOUNT.openTreeClone | O.cloexec | AT.emptyPath | AT.recursive;
    const tree = p.sys("open_tree", [target, p.cstring(""), flags], { name });
    setAttributes(p, tree, { set: MOUNT_ATTR.rdonly }, name);
    attach(p, tree, target, name);
    p.sys("close", [tree]);
    p.sys("close", [target]);
    p.place(done);
  }
}
