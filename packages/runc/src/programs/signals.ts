/**
 * Builder fragments that init programs share: signals taken one at a time, children reaped.
 *
 * Process 1 of a pid namespace gets no signal that it has not asked for, except those it blocks; so these programs
 * block everything and take signals with rt_sigtimedwait (pid_namespaces(7), sigtimedwait(2)).
 *
 * @module
 */
import type { Label, ProgramBuilder, Result } from "../launch/program.ts";

/** Signal numbers, the same on x86-64 and arm64. */
export const SIG = { INT: 2, TERM: 15, CHLD: 17, TTIN: 21, TTOU: 22 } as const;

const SIG_BLOCK = 0;
const WNOHANG = 1;

/** Blocks every signal; the result is where the old mask is. */
export function blockSignals(p: ProgramBuilder): ReturnType<ProgramBuilder["bss"]> {
  const all = p.bytes(new Uint8Array(8).fill(0xff));
  const old = p.bss(8);
  p.sys("rt_sigprocmask", [SIG_BLOCK, all, old, 8], { name: "block signals" });
  return old;
}

/** Waits for the next signal of any kind; the result is its number. */
export function nextSignal(p: ProgramBuilder, again: Label): Result {
  const all = p.bytes(new Uint8Array(8).fill(0xff));
  return p.sys("rt_sigtimedwait", [all, 0, 0, 8], {
    name: "wait for a signal",
    onErrno: { errnos: ["EINTR", "EAGAIN"], goto: again },
  });
}

/** Reaps every child that has ended; `each` sees pid and wait status; `none` is where to go without any child left. */
export function reap(p: ProgramBuilder, each: (pid: Result, status: Result) => void, none: Label): void {
  const status = p.bss(8);
  p.loop((leave) => {
    const pid = p.sys("wait4", [-1, status, WNOHANG, 0], {
      name: "reap",
      onErrno: { errnos: ["ECHILD"], goto: none },
    });
    p.branch("eq", pid, 0, leave);
    each(pid, p.load("u32", status, 0));
  });
}
