/**
 * The port: a launch program that runs launch programs. A daemon's port lives as long as its stdin; a container's
 * monitor is detached, records exits durably, holds FIFOs open and leaves when its last child has.
 *
 * It waits for commands (`port_wire.ts`) and for SIGCHLD. For a launch it forks, and the child sets itself up from
 * its copy of the command, loads the program file and enters it; so the port itself never waits for anything else.
 *
 * @module
 */

import { REPORT_FD } from "./encode.ts";
import { FIRST_PAUSE_MS, hold, leaveWhenDone, release } from "./port_hold.ts";
import { becomeLaunched } from "./port_launch.ts";
import {
  CHILD_ROWS,
  COMMAND_FD,
  EXITS_FD,
  eachRow,
  HELD_ROWS,
  OWN_REPORT_FD,
  type Port,
  SIGNAL_FD,
} from "./port_state.ts";
import { COMMAND, COMMAND_MAX, EXIT_RECORD_SIZE, FIELD, PORT_FILES } from "./port_wire.ts";
import type { Label, Program, Result } from "./program.ts";
import { ProgramBuilder } from "./program.ts";
import type { Data } from "./program_data.ts";

/** What distinguishes a monitor from a port. */
export interface PortProgramOptions {
  /** Directory with the FIFOs, which the program makes; absolute. */
  readonly directory: string;
  /** Detached, with durable exits and holds, instead of bound to its stdin. */
  readonly monitor: boolean;
  /** Name in the process list, at most 15 bytes. */
  readonly name: string;
}

/** Tag of the value that says the port is ready: its pid. */
export const READY_TAG = 1;

const AT_FDCWD = -100;
const [O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND, O_NONBLOCK] = [1, 2, 0o100, 0o1000, 0o2000, 0o4000];
const O_CLOEXEC = 0o2000000;
const S_IFIFO = 0o010000;
const SIGCHLD_MASK = 1n << 16n;
const WNOHANG_WALL = 0x4000_0001;
const [POLLIN, POLLHUP] = [1, 0x10];
const [PR_SET_NAME, PR_SET_CHILD_SUBREAPER] = [15, 36];
/** The program of a port or monitor. */
export function portProgram(options: PortProgramOptions): Program {
  const p = new ProgramBuilder();
  const port: Port = {
    p,
    monitor: options.monitor,
    directory: options.directory,
    command: p.bss(COMMAND_MAX),
    children: p.bss(CHILD_ROWS * 8),
    held: p.bss(HELD_ROWS * 16),
    armed: p.slot(),
    childless: p.slot(),
  };
  setUp(port, options);
  serve(port);
  return p.build();
}

function setUp({ p, monitor }: Port, options: PortProgramOptions): void {
  const ready = p.bss(8);
  if (monitor) detach(p, ready);
  p.sys("prctl", [PR_SET_NAME, p.cstring(options.name)]);
  // Emulators do not know it.
  p.sys("prctl", [PR_SET_CHILD_SUBREAPER, 1], { name: "become subreaper", tolerate: ["EINVAL"] });
  p.sys("chdir", [p.cstring(options.directory)], { name: `enter ${options.directory}` });
  const all = p.struct(8).u64(0, -1n).data;
  p.sys("rt_sigprocmask", [2, all, 0, 8]);
  fifo(p, PORT_FILES.command, O_RDWR | O_NONBLOCK, COMMAND_FD);
  const mask = p.struct(8).u64(0, SIGCHLD_MASK).data;
  move(p, p.sys("signalfd4", [-1, mask, 8, O_CLOEXEC | O_NONBLOCK]), SIGNAL_FD);
  const pid = p.sys("getpid", []);
  if (!monitor) {
    p.value(READY_TAG, pid);
    return;
  }
  const exits = p.sys("openat", [
    AT_FDCWD,
    p.cstring(PORT_FILES.exits),
    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
    0o600,
  ]);
  move(p, exits, EXITS_FD);
  fifo(p, PORT_FILES.report, O_RDWR | O_NONBLOCK, OWN_REPORT_FD);
  const digits = p.bss(24);
  const flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
  const file = p.sys("openat", [AT_FDCWD, p.cstring(PORT_FILES.pid), flags, 0o600]);
  p.sys("write", [file, digits, p.formatDecimal(pid, digits)], { name: "write pid file" });
  p.sys("close", [file]);
  p.value(READY_TAG, pid);
  // The starter's report pipe gives way to our FIFO: blocking for launched processes, so that nothing they say is lost.
  const report = p.sys("openat", [AT_FDCWD, p.cstring(PORT_FILES.report), O_RDWR | O_CLOEXEC, 0]);
  p.sys("dup3", [report, REPORT_FD, O_CLOEXEC]);
  p.sys("close", [report]);
  p.mov(p.reportFd, OWN_REPORT_FD);
  const readyFd = p.load("i32", ready, 4);
  p.sys("write", [readyFd, digits, 1], { name: "tell starter" });
  p.sys("close", [readyFd]);
}

/** Forks: the starter's child waits until the monitor is ready or dead, the monitor gets a session of its own. */
function detach(p: ProgramBuilder, pipe: Data): void {
  p.sys("pipe2", [pipe, O_CLOEXEC]);
  const child = p.label();
  p.branch("eq", p.sys("clone", [17, 0, 0, 0, 0], { name: "fork monitor" }), 0, child);
  p.sys("close", [p.load("i32", pipe, 4)]);
  const got = p.sys("read", [p.load("i32", pipe), p.bss(8), 1]);
  p.exit(p.arith("sub", 1, got));
  p.place(child);
  p.sys("close", [p.load("i32", pipe)]);
  p.sys("setsid", []);
}

function fifo(p: ProgramBuilder, name: string, flags: number, fd: number): void {
  p.sys("mknodat", [AT_FDCWD, p.cstring(name), S_IFIFO | 0o600, 0], { name: `make fifo ${name}` });
  move(
    p,
    p.sys("openat", [AT_FDCWD, p.cstring(name), flags | O_CLOEXEC, 0], { name: `open fifo ${name}` }),
    fd,
  );
}

function move(p: ProgramBuilder, from: Result, to: number): void {
  p.sys("dup3", [from, to, O_CLOEXEC]);
  p.sys("close", [from]);
}

function serve(port: Port): void {
  const { p, monitor } = port;
  const fds = p.struct(24);
  fds.u32(0, COMMAND_FD).u16(4, POLLIN).u32(8, SIGNAL_FD).u16(12, POLLIN).u32(16, 0);
  const pause = p.slot();
  const timeout = p.bss(16);
  p.mov(pause, FIRST_PAUSE_MS);
  p.loop((leave, again) => {
    const wait = p.slot();
    p.mov(wait, 0);
    if (monitor) leaveWhenDone(port, leave, pause, timeout, wait);
    p.sys("ppoll", [fds.data, monitor ? 2 : 3, wait, 0, 8], { tolerate: ["EINTR"] });
    p.when("ne", p.load("u16", fds.data, 14), 0, () => reap(port));
    if (!monitor) {
      p.when("ne", p.arith("and", p.load("u16", fds.data, 22), POLLHUP), 0, () =>
        leaveNothing(p, port.directory),
      );
    }
    p.branch("eq", p.arith("and", p.load("u16", fds.data, 6), POLLIN), 0, again);
    handle(port, leave);
  });
  p.exit(0);
}

/** The owner is gone, perhaps without a chance to remove the directory. */
function leaveNothing(p: ProgramBuilder, directory: string): void {
  p.sys("unlinkat", [AT_FDCWD, p.cstring(PORT_FILES.command), 0], { onError: "ignore" });
  const removeDirectory = 0x200;
  p.sys("unlinkat", [AT_FDCWD, p.cstring(directory), removeDirectory], { onError: "ignore" });
  p.exit(0);
}

/** Waits for every child that has ended, records it, reports it. */
function reap(port: Port): void {
  const { p, monitor, children } = port;
  p.sys("read", [SIGNAL_FD, p.bss(1024), 1024], { tolerate: ["EAGAIN"] });
  // pid, status, seconds, nanoseconds: the durable record.
  const exit = p.bss(EXIT_RECORD_SIZE);
  const seq = p.slot();
  p.loop((leave) => {
    const pid = p.sys("wait4", [-1, exit.at(4), WNOHANG_WALL, 0], { tolerate: ["ECHILD"] });
    p.mov(port.childless, 0);
    p.branch("eq", pid, 0, leave);
    const some = p.label();
    p.branch("gt", pid, 0, some);
    p.mov(port.childless, 1);
    p.jump(leave);
    p.place(some);
    p.store("u32", exit, 0, pid);
    p.sys("clock_gettime", [0, exit.at(8)]);
    p.mov(seq, 0);
    eachRow(p, CHILD_ROWS, 8, (offset, next) => {
      const row = p.arith("add", children, offset);
      p.branch("ne", p.load("u32", row), pid, next);
      p.mov(seq, p.load("u32", row, 4));
      p.store("u64", row, 0, 0);
    });
    p.when("eq", seq, 0, () => p.mov(port.armed, 1));
    if (monitor)
      p.sys("write", [EXITS_FD, exit, EXIT_RECORD_SIZE], { name: "write exit record", onError: "ignore" });
    p.mov(p.reportSeq, seq);
    p.record("exited", p.load("u32", exit, 4), pid, exit.at(8), 16);
    // The page cache outlives every process; only for the loss of power must the disk have it, and nobody waits for that.
    if (monitor) p.when("eq", seq, 0, () => p.sys("fdatasync", [EXITS_FD], { onError: "ignore" }));
  });
}

/** Reads one command and does it. */
function handle(port: Port, leave: Label): void {
  const { p, command } = port;
  const done = p.label();
  const size = p.slot();
  // FIFOs keep commands whole: what does not come at once is not one.
  p.sys("read", [COMMAND_FD, command, 4], { name: "read command", onError: done });
  p.mov(size, p.load("u32", command));
  const garbled = p.label();
  const whole = p.label();
  p.branch("lt", size, FIELD.entries, garbled);
  p.branch("le", size, COMMAND_MAX, whole);
  p.place(garbled);
  p.sys("read", [COMMAND_FD, command, COMMAND_MAX], { name: "skip garbled command", onError: "ignore" });
  p.jump(done);
  p.place(whole);
  const rest = p.arith("sub", size, 4);
  const got = p.sys("read", [COMMAND_FD, command.at(4), rest], { name: "read command", onError: done });
  p.branch("ne", got, rest, done);
  const seq = p.load("u32", command, FIELD.seq);
  const kind = p.load("u32", command, FIELD.command);
  p.mov(p.reportSeq, seq);
  p.branch("eq", kind, COMMAND.quit, leave);
  const result = p.slot();
  p.mov(result, -22);
  p.when("eq", kind, COMMAND.ping, () => p.sys("getpid", [], { into: result }));
  p.when("eq", kind, COMMAND.hold, () => hold(port, seq, result));
  p.when("eq", kind, COMMAND.release, () => release(port, result));
  p.when("eq", kind, COMMAND.launch, () => {
    p.sys("clone", [17, 0, 0, 0, 0], { into: result, onError: "ignore", name: "fork" });
    p.when("eq", result, 0, () => becomeLaunched(port, seq));
    p.when("gt", result, 0, () => {
      p.mov(port.childless, 0);
      const stored = p.label();
      eachRow(p, CHILD_ROWS, 8, (offset, next) => {
        const row = p.arith("add", port.children, offset);
        p.branch("ne", p.load("u32", row), 0, next);
        p.store("u32", row, 0, result);
        p.store("u32", row, 4, seq);
        p.jump(stored);
      });
      p.place(stored);
    });
  });
  p.record("started", kind, result);
  p.place(done);
}
