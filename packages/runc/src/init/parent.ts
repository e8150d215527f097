/**
 * The launching process: makes the container's process, waits until it is ready, stays or leaves.
 *
 * Readiness is the end of a pipe: its writing end is closed by execve, by the new process itself when it waits to be
 * started, or by its death; a failure was reported before that.
 *
 * @module
 */
import type { ParentMode } from "../api/oci_runtime.ts";
import type { CgroupJoin } from "../cgroups/manager.ts";
import type { Operand, ProgramBuilder, Slot } from "../launch/program.ts";
import { emitClone, emitOpenCgroups } from "./clone.ts";
import { O } from "./linux.ts";

/** Tags of what a launch reports. */
export const TAG = { pid: 1, ready: 2, hooks: 3 } as const;

/** Both ends of the pipe that tells that the new process is ready. */
export interface ReadyPipe {
  readonly read: Slot;
  readonly write: Slot;
}

/** Emits a pipe, closed by execve. */
export function emitPipe(p: ProgramBuilder, name: string): ReadyPipe {
  const fds = p.bss(8);
  p.sys("pipe2", [fds, O.cloexec], { name });
  const read = p.slot();
  const write = p.slot();
  p.load("i32", fds, 0, { into: read });
  p.load("i32", fds, 4, { into: write });
  return { read, write };
}

/** What {@linkcode emitParent} is to do. */
export interface ParentPlan {
  /** `CLONE_NEW*`. */
  readonly flags: number;
  readonly mode: ParentMode;
  readonly cgroups: CgroupJoin;
  /** What the new process does; it must not return. */
  readonly child: (ready: ReadyPipe) => void;
  /** What the parent does as soon as there is a child. */
  readonly parent?: (pid: Slot) => void;
  /** A relay that must have written everything before the launching process exits, if it stays. */
  readonly relay?: Slot | undefined;
}

/** Emits the clone, the child's part and the rest of the launching process. */
export function emitParent(p: ProgramBuilder, plan: ParentPlan): void {
  const ready = emitPipe(p, "make pipe");
  const pid = emitClone(p, {
    flags: plan.flags,
    sibling: plan.mode === "sibling",
    cgroups: emitOpenCgroups(p, plan.cgroups),
    name: "clone container process",
    child: () => {
      p.sys("close", [ready.read]);
      plan.child(ready);
    },
  });
  p.sys("close", [ready.write]);
  p.value(TAG.pid, pid);
  plan.parent?.(pid);
  const byte = p.bss(8);
  p.sys("read", [ready.read, byte, 1], { tolerate: ["EINTR"], name: "wait for container process" });
  p.value(TAG.ready, 1);
  if (plan.mode === "stay") emitExitWith(p, pid, plan.relay);
  else p.exit(0);
}

/** Emits: wait for `pid`, then for `relay`, and exit as the former did, 128 + signal if it was killed. */
export function emitExitWith(p: ProgramBuilder, pid: Operand, relay?: Slot): void {
  p.sys("close", [p.reportFd], { onError: "ignore" });
  const status = p.bss(8);
  const again = p.place();
  p.sys("wait4", [pid, status, 0, 0], {
    onErrno: { errnos: ["EINTR"], goto: again },
    name: "wait for container process",
  });
  const word = p.load("u32", status);
  const signal = p.arith("and", word, 0x7f);
  const code = p.slot();
  p.when(
    "eq",
    signal,
    0,
    () => {
      p.arith("shr", word, 8, { into: code });
      p.arith("and", code, 0xff, { into: code });
    },
    () => p.arith("add", signal, 128, { into: code }),
  );
  if (relay !== undefined)
    p.sys("wait4", [relay, 0, 0, 0], { onError: "ignore", name: "wait for console relay" });
  p.exit(code);
}
