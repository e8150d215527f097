/**
 * Console relay: copies between a terminal's master and FIFOs, so that no engine has to read a terminal.
 *
 * It holds at most one buffer in each direction. If nobody reads the output FIFO the container's writes block in
 * the end, as under containerd's own shim; input and resizing go on. It ends when the last slave is closed and what
 * was read from the terminal has been written.
 *
 * A resize is a `struct winsize` written to the control FIFO: u16 rows, columns, x pixels, y pixels.
 *
 * @module
 */
import type { Label, Operand, Program, Result, Slot } from "./program.ts";
import { ProgramBuilder } from "./program.ts";
import type { Data } from "./program_data.ts";

/** What a relay copies between. Paths are absolute; FIFOs that somebody must hold open as long as they are wanted. */
export interface ConsoleRelayOptions {
  /** FIFO that input comes from; none: the terminal gets no input. */
  readonly stdin?: string;
  /** FIFO that output goes to; none: it is thrown away. */
  readonly stdout?: string;
  /** FIFO for resizing; it must exist. */
  readonly control?: string;
}

/** Options of {@linkcode consoleSocketProgram}. */
export interface ConsoleSocketOptions extends ConsoleRelayOptions {
  /** Where to listen; absolute, less than 108 bytes. */
  readonly socket: string;
}

/** Tags of the values that a console socket program reports. */
export const CONSOLE_TAGS = { listening: 1, received: 2 } as const;

const AT_FDCWD = -100;
const [O_RDWR, O_NONBLOCK, O_CLOEXEC] = [2, 0o4000, 0o2000000];
const [POLLIN, POLLOUT, POLLERR, POLLHUP, POLLNVAL] = [1, 4, 8, 16, 32];
const [F_SETFL, TIOCSWINSZ] = [4, 0x5414];
const [PR_SET_PDEATHSIG, PR_SET_NAME, SIGKILL, SIGCHLD] = [1, 15, 9, 17];
const CLONE_PARENT = 0x8000;
const [AF_UNIX, SOCK_STREAM, SOCK_CLOEXEC] = [1, 1, 0o2000000];
/** The relay's own fds. */
const [MASTER, STDIN, STDOUT, CONTROL, FIRST_OTHER] = [10, 11, 12, 13, 14];
const BUFFER = 16384;

/**
 * Forks a relay for the terminal whose master is the fd `master`; the result is its pid.
 *
 * The relay becomes a child of this process's parent (a monitor), and dies with it. The caller closes the master.
 */
export function addConsoleRelay(p: ProgramBuilder, master: Operand, options: ConsoleRelayOptions): Result {
  const after = p.label();
  const pid = p.sys("clone", [CLONE_PARENT | SIGCHLD, 0, 0, 0, 0], { name: "fork console relay" });
  p.branch("ne", pid, 0, after);
  becomeConsoleRelay(p, master, options);
  p.place(after);
  return pid;
}

/** A program that takes a terminal's master from `socket`, as runtimes send it there (--console-socket), and relays it. */
export function consoleSocketProgram(options: ConsoleSocketOptions): Program {
  const p = new ProgramBuilder();
  const path = new TextEncoder().encode(options.socket);
  if (path.length > 107) throw new RangeError(`socket path is longer than 107 bytes: ${options.socket}`);
  const address = new Uint8Array(110);
  address[0] = AF_UNIX;
  address.set(path, 2);
  const listener = p.sys("socket", [AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0], { name: "make console socket" });
  p.sys("umask", [0o177]);
  p.sys("bind", [listener, p.bytes(address), address.length], {
    name: `bind console socket ${options.socket}`,
  });
  p.sys("listen", [listener, 1]);
  p.value(CONSOLE_TAGS.listening, 0);
  const peer = p.sys("accept4", [listener, 0, 0, SOCK_CLOEXEC], { name: "accept console" });
  p.sys("unlinkat", [AT_FDCWD, p.cstring(options.socket), 0], { onError: "ignore" });
  p.sys("close", [listener]);
  const master = receiveFd(p, peer);
  p.sys("close", [peer]);
  p.value(CONSOLE_TAGS.received, 0);
  becomeConsoleRelay(p, master, options);
  return p.build();
}

/** Receives one fd (SCM_RIGHTS) from the socket `socket`; unix(7). */
function receiveFd(p: ProgramBuilder, socket: Operand): Result {
  const text = p.bss(4096);
  const control = p.bss(64);
  const iov = p.struct(16).pointer(0, text).u64(8, 4096).data;
  const message = p.struct(56).pointer(16, iov).u64(24, 1).pointer(32, control).u64(40, 64).data;
  const cloexec = 0x4000_0000;
  p.sys("recvmsg", [socket, message, cloexec], { name: "receive console" });
  const received = p.label();
  // cmsghdr: u64 length, i32 level (SOL_SOCKET), i32 type (SCM_RIGHTS); then the fd.
  p.branch("eq", p.load("u64", control, 8), 0x1_0000_0001n, received);
  p.fail("receive console: no descriptor in the message", 74);
  p.place(received);
  return p.load("i32", control, 16);
}

interface Direction {
  readonly buffer: Data;
  /** Where unwritten bytes begin and end. */
  readonly start: Slot;
  readonly end: Slot;
}

/** Turns this process into the relay; does not return. */
export function becomeConsoleRelay(p: ProgramBuilder, master: Operand, options: ConsoleRelayOptions): void {
  p.sys("prctl", [PR_SET_PDEATHSIG, SIGKILL]);
  p.sys("prctl", [PR_SET_NAME, p.cstring("rt-console")]);
  p.sys("dup3", [master, MASTER, O_CLOEXEC], { tolerate: ["EINVAL"] });
  openFifo(p, options.stdin, 0, STDIN);
  openFifo(p, options.stdout, O_RDWR, STDOUT);
  openFifo(p, options.control, O_RDWR, CONTROL);
  p.sys("close_range", [0, MASTER - 1, 0]);
  p.sys("close_range", [FIRST_OTHER, 0xffff_ffffn, 0]);
  p.sys("fcntl", [MASTER, F_SETFL, O_RDWR | O_NONBLOCK]);

  const fds = p.struct(32);
  fds.u32(0, MASTER).u32(8, options.stdin === undefined ? 0xffff_ffff : STDIN);
  fds
    .u32(16, 0xffff_ffff)
    .u32(24, options.control === undefined ? 0xffff_ffff : CONTROL)
    .u16(28, POLLIN);
  const poll = fds.data;
  const input = { buffer: p.bss(BUFFER), start: p.slot(), end: p.slot() };
  const output = { buffer: p.bss(BUFFER), start: p.slot(), end: p.slot() };
  const hungUp = p.slot();
  const size = p.bss(8);

  p.loop((leave) => {
    chooseEvents(p, poll, input, output, hungUp, options);
    const done = p.label();
    p.branch("eq", hungUp, 0, done);
    p.branch("eq", output.start, output.end, leave);
    p.place(done);
    p.sys("ppoll", [poll, 4, 0, 0, 8], { tolerate: ["EINTR"] });
    if (options.control !== undefined) {
      ready(p, poll, 3, POLLIN, () => {
        p.sys("read", [CONTROL, size, 8], { onError: "ignore" });
        p.sys("ioctl", [MASTER, TIOCSWINSZ, size], { onError: "ignore" });
      });
    }
    ready(p, poll, 0, POLLIN | POLLHUP | POLLERR, () =>
      fill(p, MASTER, output, () => p.mov(hungUp, 1), hungUp),
    );
    if (options.stdout === undefined) p.mov(output.end, output.start);
    else
      ready(p, poll, 2, POLLOUT | POLLERR, () =>
        drain(p, output, STDOUT, () => p.mov(output.start, output.end)),
      );
    if (options.stdin !== undefined) {
      // The writers are gone: the terminal just gets no more input.
      const ended = (): void => p.store("u32", poll, 8, 0xffff_ffff);
      ready(p, poll, 1, POLLIN | POLLHUP | POLLERR | POLLNVAL, () => fill(p, STDIN, input, ended));
      ready(p, poll, 0, POLLOUT, () => drain(p, input, MASTER, () => p.mov(input.start, input.end)));
    }
  });
  p.exit(0);
}

function openFifo(p: ProgramBuilder, path: string | undefined, access: number, fd: number): void {
  if (path === undefined) return;
  const opened = p.sys("openat", [AT_FDCWD, p.cstring(path), access | O_NONBLOCK | O_CLOEXEC, 0], {
    name: `open fifo ${path}`,
  });
  p.sys("dup3", [opened, fd, O_CLOEXEC], { tolerate: ["EINVAL"] });
  const same = p.label();
  p.branch("eq", opened, fd, same);
  p.sys("close", [opened]);
  p.place(same);
}

/** Reads only into an empty buffer, waits for room only with a full one. */
function chooseEvents(
  p: ProgramBuilder,
  poll: Data,
  input: Direction,
  output: Direction,
  hungUp: Slot,
  options: ConsoleRelayOptions,
): void {
  const master = p.slot();
  const isOutputEmpty = (then: () => void, otherwise: () => void): void =>
    p.when("eq", output.start, output.end, then, otherwise);
  isOutputEmpty(
    () => {
      p.mov(master, POLLIN);
      p.store("u32", poll, 16, 0xffff_ffff);
    },
    () => {
      p.mov(master, 0);
      p.store("u32", poll, 16, STDOUT);
      p.store("u32", poll, 20, POLLOUT);
    },
  );
  if (options.stdin !== undefined) {
    p.when(
      "eq",
      input.start,
      input.end,
      () => p.store("u32", poll, 12, POLLIN),
      () => {
        p.store("u32", poll, 12, 0);
        p.arith("or", master, POLLOUT, { into: master });
      },
    );
  }
  p.store("u32", poll, 4, master);
  // A hung-up terminal, or one that is not read just now, would wake us for ever.
  p.store("u32", poll, 0, MASTER);
  const keep = p.label();
  const off = p.label();
  p.branch("ne", hungUp, 0, off);
  p.branch("ne", master, 0, keep);
  p.place(off);
  p.store("u32", poll, 0, 0xffff_ffff);
  p.place(keep);
}

/** Runs `then` if poll entry `index` has one of `events`. */
function ready(p: ProgramBuilder, poll: Data, index: number, events: number, then: () => void): void {
  const revents = p.load("u16", poll, index * 8 + 6);
  p.when("ne", p.arith("and", revents, events), 0, then);
}

/** Reads into an empty buffer; at the end, or on an error other than "not now", `ended`. */
function fill(p: ProgramBuilder, fd: number, to: Direction, ended: () => void, closed?: Slot): void {
  const [out, end, notNow] = [p.label(), p.label(), p.label()];
  p.branch("ne", to.start, to.end, out);
  if (closed !== undefined) p.branch("ne", closed, 0, out);
  const count = p.sys("read", [fd, to.buffer, BUFFER], { onError: notNow });
  p.branch("eq", count, 0, end);
  p.mov(to.start, 0);
  p.mov(to.end, count);
  p.jump(out);
  p.place(notNow);
  p.branch("eq", count, -11, out);
  p.place(end);
  ended();
  p.place(out);
}

/** Writes what is in the buffer; on an error other than "not now", `failed`. */
function drain(p: ProgramBuilder, from: Direction, fd: number, failed: () => void): void {
  const [out, notNow]: [Label, Label] = [p.label(), p.label()];
  p.branch("eq", from.start, from.end, out);
  const address = p.arith("add", from.start, from.buffer);
  const count = p.sys("write", [fd, address, p.arith("sub", from.end, from.start)], { onError: notNow });
  p.arith("add", from.start, count, { into: from.start });
  p.jump(out);
  p.place(notNow);
  p.branch("eq", count, -11, out);
  failed();
  p.place(out);
}
