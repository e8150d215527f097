/**
 * A relay beside the launching process: forked while the host is in sight, it waits for the terminal's master on a
 * socket pair and then copies between it and FIFOs. It never enters the container's namespaces.
 *
 * @module
 */
import { CLONE, O, SIG } from "../init/linux.ts";
import type { Operand, ProgramBuilder, Result, Slot } from "../launch/program.ts";
import { becomeConsoleRelay, type ConsoleRelayOptions } from "../launch/relay_program.ts";

const [AF_UNIX, SOCK_STREAM] = [1, 1];
const MSG_CMSG_CLOEXEC = 0x4000_0000;

/** A relay that waits. */
export interface Relay {
  /** Where the master is to be sent. */
  readonly socket: Slot;
  readonly pid: Slot;
}

/** Emits the fork; `sibling` makes the relay a child of the launching process's parent. */
export function emitRelay(p: ProgramBuilder, options: ConsoleRelayOptions, sibling: boolean): Relay {
  const name = "fork console relay";
  const pair = p.bss(8);
  p.sys("socketpair", [AF_UNIX, SOCK_STREAM | O.cloexec, 0, pair], { name });
  const receive = p.load("i32", pair, 0);
  const socket = p.slot();
  p.load("i32", pair, 4, { into: socket });
  const pid = p.slot();
  const parent = p.label();
  p.sys("clone", [SIG.chld | (sibling ? CLONE.parent : 0), 0, 0, 0, 0], { into: pid, name });
  p.branch("ne", pid, 0, parent);
  p.sys("close", [socket]);
  const master = emitReceive(p, receive);
  becomeConsoleRelay(p, master, options);
  p.exit(0);
  p.place(parent);
  p.sys("close", [receive]);
  return { socket, pid };
}

/** Receives a descriptor; if the other end is closed before one came there will be no terminal, and it exits. */
function emitReceive(p: ProgramBuilder, socket: Operand): Result {
  const text = p.bss(64);
  const control = p.bss(24);
  const iov = p.struct(16).pointer(0, text).u64(8, 64);
  const message = p.struct(56).pointer(16, iov.data).u64(24, 1).pointer(32, control).u64(40, 24);
  const count = p.sys("recvmsg", [socket, message.data, MSG_CMSG_CLOEXEC], { onError: "ignore" });
  p.when("le", count, 0, () => p.exit(0));
  return p.load("i32", control, 16);
}
