/**
 * Paths inside a root file system: found and made without ever leaving it.
 *
 * Every path is resolved by openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS) from the root's descriptor; what is
 * missing is made one component at a time below a descriptor that was resolved the same way.
 *
 * @module
 */
import { O, RESOLVE } from "../init/linux.ts";
import type { Label, Operand, ProgramBuilder, Slot } from "../launch/program.ts";
import type { Data } from "../launch/program_data.ts";

/** Descriptor, path and options of {@linkcode openInRoot}. */
export interface OpenInRoot {
  /** Descriptor of the root. */
  readonly root: Operand;
  /** Path inside it; absolute. */
  readonly path: string;
  /** `O_*`; `O_CLOEXEC` is added. */
  readonly flags: number;
  /** No component may be a symbolic link. @default {false} */
  readonly noSymlinks?: boolean;
  /** What for, in words that end "cannot …". */
  readonly name: string;
  /** Go there if it does not exist. */
  readonly missing?: Label;
  /** Go there on every error. */
  readonly failed?: Label;
}

/** `struct open_how`. */
export function openHow(p: ProgramBuilder, flags: number, resolve: number): Data {
  return p
    .struct(24)
    .u64(0, flags | O.cloexec)
    .u64(16, resolve).data;
}

/** Opens a path inside a root; the result is a slot with the descriptor. */
export function openInRoot(p: ProgramBuilder, request: OpenInRoot, into: Slot = p.slot()): Slot {
  const resolve =
    RESOLVE.inRoot | RESOLVE.noMagiclinks | (request.noSymlinks === true ? RESOLVE.noSymlinks : 0);
  const how = openHow(p, request.flags, resolve);
  p.sys("openat2", [request.root, p.cstring(request.path), how, 24], {
    into,
    name: request.name,
    ...(request.failed === undefined ? {} : { onError: request.failed }),
    ...(request.missing === undefined ? {} : { onErrno: { errnos: ["ENOENT"], goto: request.missing } }),
  });
  return into;
}

/** Components of an absolute path, without `.`, `..` and empty ones. */
export function components(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts;
}

/** Request of {@linkcode makeDirectory} and {@linkcode ensureTarget}. */
export interface EnsureTarget {
  readonly root: Operand;
  readonly path: string;
  /** What for, in words that end "cannot …". */
  readonly name: string;
  /** No component may be a symbolic link. @default {false} */
  readonly noSymlinks?: boolean;
}

/** Opens a directory inside the root (`O_PATH`), making what is missing of it with mode 0755. */
export function makeDirectory(p: ProgramBuilder, request: EnsureTarget, into: Slot = p.slot()): Slot {
  const parts = components(request.path);
  const flags = O.path | O.directory;
  const done = p.label();
  const missing = p.label();
  openInRoot(p, { ...request, path: `/${parts.join("/")}`, flags, missing }, into);
  p.jump(done);
  p.place(missing);
  const parent = p.slot();
  p.sys("dup", [request.root], { into: parent, name: request.name });
  for (let i = 0; i < parts.length; i++) {
    const path = `/${parts.slice(0, i + 1).join("/")}`;
    const make = p.label();
    const next = p.label();
    openInRoot(p, { ...request, path, flags, missing: make }, into);
    p.jump(next);
    p.place(make);
    p.sys("mkdirat", [parent, p.cstring(parts[i]!), 0o755], {
      tolerate: ["EEXIST"],
      name: `make directory ${path}`,
    });
    openInRoot(p, { ...request, path, flags }, into);
    p.place(next);
    p.sys("close", [parent], { onError: "ignore" });
    p.mov(parent, into);
  }
  p.place(done);
  return into;
}

/** Opens what a mount is to cover (`O_PATH`), making it, a directory or an empty file, if it is missing. */
export function ensureTarget(p: ProgramBuilder, request: EnsureTarget, kind: "directory" | "file"): Slot {
  if (kind === "directory") return makeDirectory(p, request);
  const parts = components(request.path);
  const path = `/${parts.join("/")}`;
  const target = p.slot();
  const missing = p.label();
  const done = p.label();
  openInRoot(p, { ...request, path, flags: O.path, missing }, target);
  p.jump(done);
  p.place(missing);
  const parent = makeDirectory(p, { ...request, path: `/${parts.slice(0, -1).join("/")}` });
  const flags = O.wronly | O.creat | O.excl | O.nofollow | O.cloexec;
  const file = p.sys("openat", [parent, p.cstring(parts.at(-1) ?? "."), flags, 0o755], {
    name: `make file ${path}`,
  });
  p.sys("close", [file]);
  p.sys("close", [parent]);
  openInRoot(p, { ...request, path, flags: O.path }, target);
  p.place(done);
  return target;
}
