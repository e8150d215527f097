/**
 * Finding the program: Go's exec.LookPath, done inside the container, with the texts that callers match on.
 *
 * dockerd and containerd turn `executable file not found` and `no such file or directory` into exit status 127 and
 * `permission denied` into 126. Source: Go os/exec/lp_unix.go; opencontainers/runc libcontainer/standard_init_linux.go.
 *
 * @module
 */

import { ERRNO } from "../launch/errno.ts";
import type { ProgramBuilder, Slot } from "../launch/program.ts";
import { AT_FDCWD, S_IF } from "./linux.ts";

/** Emits the search of `file`; the result is a slot with the address of the path to execute. */
export function emitLookup(p: ProgramBuilder, file: string, env: readonly string[]): Slot {
  const found = p.slot();
  const end = p.label();
  const quoted = JSON.stringify(file);
  if (file.includes("/")) {
    p.mov(found, p.cstring(file));
    const denied = p.label();
    check(p, file, `exec: ${quoted}: stat ${file}`, undefined, denied);
    p.jump(end);
    p.place(denied);
    p.fail(`exec: ${quoted}`, ERRNO.EACCES);
  } else {
    for (const directory of file === "" ? [] : searchPath(env)) {
      const next = p.label();
      const path = `${directory === "" ? "." : directory}/${file}`;
      p.mov(found, p.cstring(path));
      check(p, path, `look up ${path}`, next, next);
      p.jump(end);
      p.place(next);
    }
    p.fail(`exec: ${quoted}: executable file not found in $PATH`, ERRNO.ENOENT);
  }
  p.place(end);
  return found;
}

/** Directories of PATH, the first that is set, as Go's `os.Getenv` sees it after the environment was set up. */
function searchPath(env: readonly string[]): string[] {
  const path = env.findLast((line) => line.startsWith("PATH="))?.slice("PATH=".length) ?? "";
  return path === "" ? [] : path.split(":");
}

/** Goes to `denied` unless `path` is an executable that is no directory; on an error to `missing`, else it fails. */
function check(
  p: ProgramBuilder,
  path: string,
  name: string,
  missing: ReturnType<ProgramBuilder["label"]> | undefined,
  denied: ReturnType<ProgramBuilder["label"]>,
): void {
  const statx = p.bss(256);
  p.sys("statx", [AT_FDCWD, p.cstring(path), 0, 3, statx], {
    name,
    ...(missing === undefined ? {} : { onError: missing }),
  });
  const mode = p.load("u16", statx, 28);
  const type = p.arith("and", mode, S_IF.mask);
  p.branch("eq", type, S_IF.dir, denied);
  const executable = p.arith("and", mode, 0o111);
  p.branch("eq", executable, 0, denied);
}
