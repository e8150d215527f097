/**
 * Hooks, run by a launch program: state on stdin, a time limit, output kept for the error.
 *
 * Source: runtime-spec config.md "POSIX-platform Hooks"; texts as opencontainers/runc libcontainer/configs/config.go
 * `Command.Run`.
 *
 * @module
 */
import type { Hook, Spec } from "@rt/oci-spec/oci";
import { AT_FDCWD, O, SIG } from "../init/linux.ts";
import { emitPipe } from "../init/parent.ts";
import { ERRNO } from "../launch/errno.ts";
import type { Operand, ProgramBuilder } from "../launch/program.ts";
import type { Data } from "../launch/program_data.ts";

const [F_SETFL, F_SETPIPE_SZ, PIPE_SIZE] = [4, 1031, 1 << 20];

/** Tag of what a hook that failed wrote to stderr. */
export const HOOK_OUTPUT_TAG = 9;

/** What the hooks are told. */
export interface HookSubject {
  readonly id: string;
  readonly spec: Spec;
  readonly bundle: string;
  readonly status: string;
  /** The container's pid: known, or read by the process itself in the host's or in its own pid namespace. */
  readonly pid: number | "host" | "own";
}

/** Text before and after the pid of the state that hooks read. */
export function stateAround(subject: HookSubject): readonly [before: string, after: string] {
  const marker = 1234567890123;
  const text = JSON.stringify({
    ociVersion: subject.spec.ociVersion,
    id: subject.id,
    status: subject.status,
    pid: marker,
    bundle: subject.bundle,
    annotations: subject.spec.annotations,
  });
  const [before = "", after = ""] = text.split(String(marker));
  return [before, after];
}

/** Emits `hooks`, one after the other; the first that fails ends the program. */
export function emitHooks(p: ProgramBuilder, hooks: readonly Hook[], subject: HookSubject): void {
  if (hooks.length === 0) return;
  const state = emitState(p, subject);
  for (const [i, hook] of hooks.entries()) emitHook(p, hook, i, state);
}

interface StateText {
  readonly address: Data;
  readonly length: Operand;
}

function emitState(p: ProgramBuilder, subject: HookSubject): StateText {
  const encoder = new TextEncoder();
  const [before, after] = stateAround(subject).map((text) => encoder.encode(text)) as [
    Uint8Array,
    Uint8Array,
  ];
  const address = p.bss(before.length + after.length + 24);
  const digits = p.slot();
  p.copy(address, p.bytes(before, 1), before.length);
  const at = address.at(before.length);
  if (subject.pid === "host") {
    // The host's /proc is still in sight, and its `self` is our pid there.
    p.sys("readlinkat", [AT_FDCWD, p.cstring("/proc/self"), at, 20], { into: digits, name: "read own pid" });
  } else {
    const pid = subject.pid === "own" ? p.sys("getpid", []) : subject.pid;
    p.formatDecimal(pid, at, { into: digits });
  }
  p.copy(p.arith("add", at, digits), p.bytes(after, 1), after.length);
  return { address, length: p.arith("add", digits, before.length + after.length) };
}

function emitHook(p: ProgramBuilder, hook: Hook, index: number, state: StateText): void {
  const prefix = `error running hook #${index}`;
  const input = emitPipe(p, prefix);
  // All of it is in the pipe before anybody can close the other end: no hook has to read it.
  p.sys("fcntl", [input.write, F_SETPIPE_SZ, PIPE_SIZE], { onError: "ignore" });
  p.sys("fcntl", [input.write, F_SETFL, O.wronly | O.nonblock], { name: prefix });
  const written = p.sys("write", [input.write, state.address, state.length], {
    name: `${prefix}: pass state`,
  });
  p.when("ne", written, state.length, () => p.fail(`${prefix}: pass state`, ERRNO.E2BIG));
  p.sys("close", [input.write]);
  const errors = emitPipe(p, prefix);
  const started = emitPipe(p, prefix);
  const pid = p.fork(
    () => {
      p.sys("dup3", [input.read, 0, 0]);
      p.sys("dup3", [errors.write, 2, 0]);
      p.sys("dup3", [errors.write, 1, 0]);
      p.sys("close_range", [3, 0xffff_ffff, 4]);
      const argv = p.vector(hook.args === undefined || hook.args.length === 0 ? [hook.path] : hook.args);
      const errno = p.slot();
      const failed = p.label();
      p.sys("execve", [p.cstring(hook.path), argv, p.vector(hook.env ?? [])], {
        into: errno,
        onError: failed,
      });
      p.place(failed);
      const word = p.bss(8);
      p.store("u64", word, 0, p.arith("sub", 0, errno));
      p.sys("write", [started.write, word, 8], { onError: "ignore" });
      p.exit(127);
    },
    { name: prefix },
  );
  for (const fd of [input.read, errors.write, started.write]) p.sys("close", [fd]);
  const word = p.bss(8);
  const failure = p.sys("read", [started.read, word, 8], { name: prefix });
  p.sys("close", [started.read]);
  p.when("eq", failure, 8, () => p.fail(`${prefix}: fork/exec ${hook.path}`, p.load("u64", word)));
  emitOutcome(p, hook, prefix, pid, errors.read);
}

/** Waits for the hook, at most as long as it may take; its output becomes a record if it failed. */
function emitOutcome(p: ProgramBuilder, hook: Hook, prefix: string, pid: Operand, output: Operand): void {
  const done = p.label();
  if (hook.timeout !== undefined) {
    const fd = p.sys("pidfd_open", [pid, 0], { name: prefix });
    const poll = p.struct(8).u16(4, 1);
    p.store("u32", poll.data, 0, fd);
    const time = p.struct(16).u64(0, hook.timeout);
    const ready = p.sys("ppoll", [poll.data, 1, time.data, 0, 8], { name: prefix });
    p.when("eq", ready, 0, () => {
      p.sys("kill", [pid, SIG.kill], { onError: "ignore" });
      p.sys("wait4", [pid, 0, 0, 0], { onError: "ignore" });
      p.fail(`${prefix}: hook ran past specified timeout of ${hook.timeout}.0s`, ERRNO.ETIMEDOUT);
    });
    p.sys("close", [fd]);
  }
  const status = p.bss(8);
  p.sys("wait4", [pid, status, 0, 0], { name: prefix });
  const word = p.load("u32", status);
  p.branch("eq", word, 0, done);
  const buffer = p.bss(3072);
  p.sys("fcntl", [output, F_SETFL, O.nonblock], { onError: "ignore" });
  const length = p.sys("read", [output, buffer, 3072], { onError: "ignore" });
  p.when("gt", length, 0, () => p.data(HOOK_OUTPUT_TAG, buffer, length));
  p.value(HOOK_OUTPUT_TAG, word);
  p.fail(`${prefix}: error running hook`, ERRNO.ECANCELED);
  p.place(done);
  p.sys("close", [output]);
}
