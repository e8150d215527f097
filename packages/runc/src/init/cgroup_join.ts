/**
 * Joining cgroups: the process writes `0`, which is itself, to files that were opened while the host was in sight.
 *
 * @module
 */
import type { CgroupJoin } from "../cgroups/manager.ts";
import type { ProgramBuilder, Result } from "../launch/program.ts";
import { AT_FDCWD, O } from "./linux.ts";

/** Emits the opening of the files; close-on-exec. */
export function emitOpenCgroups(p: ProgramBuilder, join: CgroupJoin): Result[] {
  const files = [...join.tasks, ...(join.unified === undefined ? [] : [join.unified.procs])];
  return files.map((path) =>
    p.sys("openat", [AT_FDCWD, p.cstring(path), O.wronly | O.cloexec, 0], { name: `open ${path}` }),
  );
}

/** Emits the joining, and closes the files. */
export function emitJoinCgroups(p: ProgramBuilder, files: readonly Result[]): void {
  const zero = p.cstring("0");
  for (const file of files) {
    p.sys("write", [file, zero, 1], { name: "join cgroup" });
    p.sys("close", [file]);
  }
}
