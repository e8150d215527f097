/**
 * Making a process inside its cgroups.
 *
 * v2: by clone3(CLONE_INTO_CGROUP); a write to `cgroup.procs` would cost an idle machine an RCU grace period, some
 * 15 ms. v1: the process writes `0`, which is itself, to `tasks` files that were opened while the host was in sight.
 *
 * @module
 */
import type { CgroupJoin } from "../cgroups/manager.ts";
import type { ProgramBuilder, Result, Slot } from "../launch/program.ts";
import { AT_FDCWD, CLONE, O, SIG } from "./linux.ts";

const CLONE_INTO_CGROUP = 1n << 33n;
const SIZE_OF_CLONE_ARGS = 88;

/** Files and directory of the cgroups, open. */
export interface OpenedCgroups {
  readonly tasks: readonly Result[];
  readonly procs: Result | undefined;
  readonly dir: Result | undefined;
}

/** Emits the opening of what joining takes; close-on-exec. */
export function emitOpenCgroups(p: ProgramBuilder, { tasks, unified }: CgroupJoin): OpenedCgroups {
  const open = (path: string, flags: number): Result =>
    p.sys("openat", [AT_FDCWD, p.cstring(path), flags | O.cloexec, 0], { name: `open ${path}` });
  return {
    tasks: tasks.map((path) => open(path, O.wronly)),
    procs: unified === undefined ? undefined : open(unified.procs, O.wronly),
    dir: unified === undefined ? undefined : open(unified.dir, O.path | O.directory),
  };
}

/** What {@linkcode emitClone} is to do. */
export interface CloneRequest {
  /** `CLONE_NEW*`. */
  readonly flags: number;
  /** Make it a child of our parent. */
  readonly sibling: boolean;
  readonly cgroups: OpenedCgroups;
  readonly name: string;
  /** What the new process does, in its cgroups; it must not return. */
  readonly child: () => void;
}

/** Emits the clone and what the child does; goes on in the parent. The result is the pid. */
export function emitClone(p: ProgramBuilder, request: CloneRequest): Slot {
  const { cgroups, name } = request;
  const flags = BigInt((request.flags | (request.sibling ? CLONE.parent : 0)) >>> 0);
  const pid = p.slot();
  const isInside = p.slot();
  const done = p.label();
  const parent = p.label();
  if (cgroups.dir !== undefined) {
    const old = p.label();
    // With CLONE_PARENT the exit signal is inherited and must not be given.
    const args = p.struct(SIZE_OF_CLONE_ARGS).u64(0, flags | CLONE_INTO_CGROUP);
    args.u64(32, request.sibling ? 0 : SIG.chld);
    p.store("u64", args.data, 80, cgroups.dir);
    p.mov(isInside, 1);
    p.sys("clone3", [args.data, SIZE_OF_CLONE_ARGS], {
      into: pid,
      onErrno: { errnos: ["ENOSYS", "EINVAL", "E2BIG", "EOPNOTSUPP"], goto: old },
      name,
    });
    p.jump(done);
    p.place(old);
    p.mov(isInside, 0);
  }
  p.sys("clone", [flags | BigInt(SIG.chld), 0, 0, 0, 0], { into: pid, name });
  p.place(done);
  p.branch("ne", pid, 0, parent);
  emitJoin(p, cgroups, isInside);
  request.child();
  p.place(parent);
  for (const file of [...cgroups.tasks, cgroups.procs, cgroups.dir]) {
    if (file !== undefined) p.sys("close", [file]);
  }
  return pid;
}

/** In the new process: joins what the clone has not joined, and closes the files. */
function emitJoin(p: ProgramBuilder, cgroups: OpenedCgroups, isInside: Slot): void {
  const zero = p.cstring("0");
  const { procs, dir, tasks } = cgroups;
  if (procs !== undefined) {
    p.when("eq", isInside, 0, () => void p.sys("write", [procs, zero, 1], { name: "join cgroup" }));
    p.sys("close", [procs]);
  }
  if (dir !== undefined) p.sys("close", [dir]);
  for (const file of tasks) {
    p.sys("write", [file, zero, 1], { name: "join cgroup" });
    p.sys("close", [file]);
  }
}
