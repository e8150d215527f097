/**
 * HOME of a process, from the container's own /etc/passwd, read inside the container.
 *
 * Source: opencontainers/runc libcontainer/init_linux.go `setupUser`; passwd(5).
 *
 * @module
 */

import type { ProgramBuilder, Slot } from "../launch/program.ts";
import type { Data } from "../launch/program_data.ts";
import { AT_FDCWD, O } from "./linux.ts";

const MAX_PASSWD = 65536;
const MAX_HOME = 4096;
const [NEWLINE, COLON] = [10, 58];

/** Whether the environment has a HOME already; an empty one counts as none, as for runc. */
export function hasHome(env: readonly string[]): boolean {
  return env.some((line) => line.startsWith("HOME=") && line.length > "HOME=".length);
}

/** Emits the search of `uid`'s home; the result is the address of a `HOME=…` string, `HOME=/` if there is none. */
export function emitHome(p: ProgramBuilder, uid: number): Data {
  const text = new Uint8Array(5 + MAX_HOME + 8);
  text.set(new TextEncoder().encode("HOME=/"));
  const home = p.bytes(text);
  const buffer = p.bss(MAX_PASSWD + 8);
  const end = p.label();
  const flags = O.rdonly | O.cloexec | O.nonblock | O.noctty;
  const fd = p.sys("openat", [AT_FDCWD, p.cstring("/etc/passwd"), flags, 0], { onError: end });
  const length = p.slot();
  p.sys("read", [fd, buffer, MAX_PASSWD], { onError: "ignore", into: length });
  p.sys("close", [fd]);
  p.branch("le", length, 0, end);
  const at = p.slot();
  const limit = p.slot();
  p.mov(at, buffer);
  p.arith("add", buffer, length, { into: limit });
  p.loop(() => {
    const nextLine = p.label();
    skipFields(p, at, limit, 2, nextLine, end);
    const left = p.arith("sub", limit, at);
    const value = p.parseDecimal(at, left, { onError: nextLine });
    p.branch("ne", value, uid, nextLine);
    skipFields(p, at, limit, 3, nextLine, end);
    copyField(p, at, limit, home.at(5));
    p.jump(end);
    p.place(nextLine);
    skipLine(p, at, limit, end);
  });
  p.place(end);
  return home;
}

/** Moves `at` behind `count` colons; to `nextLine` at a newline, to `end` at the end. */
function skipFields(
  p: ProgramBuilder,
  at: Slot,
  limit: Slot,
  count: number,
  nextLine: ReturnType<ProgramBuilder["label"]>,
  end: ReturnType<ProgramBuilder["label"]>,
): void {
  const left = p.slot();
  p.mov(left, count);
  p.loop((leave, again) => {
    p.branch("ge", at, limit, end);
    const byte = p.load("u8", at);
    p.branch("eq", byte, NEWLINE, nextLine);
    p.arith("add", at, 1, { into: at });
    p.branch("ne", byte, COLON, again);
    p.arith("sub", left, 1, { into: left });
    p.branch("eq", left, 0, leave);
  });
}

function skipLine(p: ProgramBuilder, at: Slot, limit: Slot, end: ReturnType<ProgramBuilder["label"]>): void {
  p.loop((leave) => {
    p.branch("ge", at, limit, end);
    const byte = p.load("u8", at);
    p.arith("add", at, 1, { into: at });
    p.branch("eq", byte, NEWLINE, leave);
  });
}

/** Copies bytes to `target` up to a colon, a newline or the end; nothing if the field is empty. */
function copyField(p: ProgramBuilder, at: Slot, limit: Slot, target: Data): void {
  const to = p.slot();
  const stop = p.slot();
  p.mov(to, target);
  p.arith("add", target, MAX_HOME, { into: stop });
  p.loop((leave) => {
    p.branch("ge", at, limit, leave);
    p.branch("ge", to, stop, leave);
    const byte = p.load("u8", at);
    p.branch("eq", byte, NEWLINE, leave);
    p.branch("eq", byte, COLON, leave);
    p.store("u8", to, 0, byte);
    p.arith("add", to, 1, { into: to });
    p.arith("add", at, 1, { into: at });
  });
  const start = p.slot();
  p.mov(start, target);
  p.when("ne", to, start, () => p.store("u8", to, 0, 0));
}
