/**
 * The part of a monitor's program that holds FIFOs open, and waits at the end until they have been read.
 *
 * @module
 */

import { eachRow, FIRST_HELD_FD, HELD_ROWS, type Port, textAt } from "./port_state.ts";
import { FIELD } from "./port_wire.ts";
import type { Label, Result, Slot } from "./program.ts";
import type { Data } from "./program_data.ts";

const AT_FDCWD = -100;
const [O_RDWR, O_NONBLOCK, O_CLOEXEC] = [2, 0o4000, 0o2000000];
const [FIONREAD, F_DUPFD_CLOEXEC] = [0x541b, 1030];
/** First pause between looks at FIFOs that are not yet read empty. Milliseconds. */
export const FIRST_PAUSE_MS = 5;
/** Longest such pause. Milliseconds. */
const LONGEST_PAUSE_MS = 1000;

/** Leaves if a container has ended, no child is left and the held FIFOs are empty; sets `wait` if only these are not. */
export function leaveWhenDone(port: Port, leave: Label, pause: Slot, timeout: Data, wait: Slot): void {
  const { p, held, armed, childless } = port;
  const stay = p.label();
  const look = p.label();
  p.branch("eq", armed, 0, stay);
  p.branch("eq", childless, 0, stay);
  const unread = p.bss(8);
  eachRow(p, HELD_ROWS, 16, (offset, next) => {
    const row = p.arith("add", held, offset);
    p.branch("eq", p.load("u32", row, 8), 0, next);
    p.sys("ioctl", [p.load("u32", row), FIONREAD, unread], { onError: next });
    p.branch("ne", p.load("u32", unread), 0, look);
  });
  p.jump(leave);
  p.place(look);
  p.store("u64", timeout, 0, 0);
  p.store("u64", timeout, 8, p.arith("mul", pause, 1_000_000));
  p.when("ge", pause, LONGEST_PAUSE_MS, () => {
    p.store("u64", timeout, 0, 1);
    p.store("u64", timeout, 8, 0);
  });
  p.when("lt", pause, LONGEST_PAUSE_MS, () => p.arith("mul", pause, 2, { into: pause }));
  p.mov(wait, timeout);
  p.place(stay);
}

/** Opens a FIFO at both ends and keeps it. */
export function hold({ p, command, held }: Port, seq: Result, result: Slot): void {
  const failed = p.label();
  const path = textAt(p, command, FIELD.path);
  p.sys("openat", [AT_FDCWD, path, O_RDWR | O_NONBLOCK | O_CLOEXEC, 0], { into: result, onError: failed });
  const low = p.slot();
  p.mov(low, result);
  p.sys("fcntl", [low, F_DUPFD_CLOEXEC, FIRST_HELD_FD], { into: result, onError: "ignore" });
  p.sys("close", [low], { onError: "ignore" });
  p.branch("lt", result, 0, failed);
  eachRow(p, HELD_ROWS, 16, (offset, next) => {
    const row = p.arith("add", held, offset);
    p.branch("ne", p.load("u32", row), 0, next);
    p.store("u32", row, 0, result);
    p.store("u32", row, 4, seq);
    p.store("u32", row, 8, p.load("u32", command, FIELD.number));
    p.jump(failed);
  });
  p.sys("close", [result], { onError: "ignore" });
  p.mov(result, -24);
  p.place(failed);
}

/** Closes a held FIFO. */
export function release({ p, command, held }: Port, result: Slot): void {
  p.mov(result, 0);
  const wanted = p.load("u32", command, FIELD.number);
  eachRow(p, HELD_ROWS, 16, (offset, next) => {
    const row = p.arith("add", held, offset);
    p.branch("ne", p.load("u32", row, 4), wanted, next);
    p.sys("close", [p.load("u32", row)], { onError: "ignore" });
    p.store("u64", row, 0, 0);
    p.store("u64", row, 8, 0);
  });
}
