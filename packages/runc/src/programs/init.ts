/**
 * The init program, `docker-init`: process 1 that runs one command, forwards signals to it and reaps what is left.
 *
 * `docker-init [-s] [-g] [--version] [--] COMMAND [ARG…]`; the command is looked up in PATH. It exits with the
 * command's status, 128 + n when a signal ended it, 127 when it was not found, 126 when it can't be executed.
 *
 * Source: krallin/tini README and src/tini.c (behaviour); execvp(3).
 *
 * @module
 */
import type { Arch } from "../launch/encode.ts";
import { ERRNO } from "../launch/errno.ts";
import { type Label, type Operand, ProgramBuilder, type Result, type Slot } from "../launch/program.ts";
import { standaloneElf, startStack } from "../launch/standalone_elf.ts";
import { blockSignals, nextSignal, reap, SIG } from "./signals.ts";

/** First line of `--version`, which engines look at. */
export const INIT_VERSION = "rt-docker-init version 0.19.0";

const PATH_MAX = 4096;
const SIG_SETMASK = 2;
const [SLASH, COLON, DASH] = [47, 58, 45];

/** The executable that stands as `/sbin/docker-init` in a container. */
export function initElf(arch: Arch): Uint8Array {
  const p = new ProgramBuilder({ dumpable: true });
  const argv = commandOf(p);
  const oldMask = blockSignals(p);
  const child = p.fork(() => {
    p.sys("setpgid", [0, 0], { name: "make process group", onError: "ignore" });
    // The foreground of the terminal, if there is one; SIGTTOU is blocked here.
    const group = p.bss(8);
    p.store("u32", group, 0, p.sys("getpid", []));
    p.sys("ioctl", [0, 0x5410, group], { name: "take the terminal", onError: "ignore" });
    p.sys("rt_sigprocmask", [SIG_SETMASK, oldMask, 0, 8], { name: "restore signals" });
    execute(p, argv);
  });
  p.sys("prctl", [36, 1, 0, 0, 0], { name: "become subreaper", onError: "ignore" });
  p.loop((_leave, again) => {
    const signal = nextSignal(p, again);
    const forward = p.label();
    p.branch("ne", signal, SIG.CHLD, forward);
    reap(
      p,
      (pid, status) => {
        const other = p.label();
        p.branch("ne", pid, child, other);
        exitAs(p, status);
        p.place(other);
      },
      again,
    );
    p.jump(again);
    p.place(forward);
    for (const s of [SIG.TTIN, SIG.TTOU]) p.branch("eq", signal, s, again);
    p.sys("kill", [child, signal], { name: "forward a signal", onError: "ignore" });
  });
  return standaloneElf(p.build(), arch);
}

/** Skips docker-init's own flags; the result points to the command's argv. */
function commandOf(p: ProgramBuilder): Slot {
  const stack = startStack();
  const argv = p.slot();
  p.arith("add", stack, 16, { into: argv });
  p.loop((leave) => {
    const word = p.load("u64", argv);
    p.when("eq", word, 0, () => complain(p, "docker-init: no command\n", 1));
    p.branch("ne", p.load("u8", word), DASH, leave);
    p.arith("add", argv, 8, { into: argv });
    const second = p.load("u8", word, 1);
    const flag = p.label();
    p.branch("ne", second, DASH, flag);
    p.branch("eq", p.load("u8", word, 2), 0, leave);
    print(p, 1, `${INIT_VERSION}\n`);
    p.exit(0);
    p.place(flag);
  });
  return argv;
}

/** execvp: as it is with a slash in it, else along PATH. Never returns. */
function execute(p: ProgramBuilder, argv: Slot): void {
  const file = p.load("u64", argv);
  const envp = p.arith(
    "add",
    p.arith("add", startStack(), 16),
    p.arith("shl", p.load("u64", startStack()), 3),
  );
  const [found, denied] = [p.slot(), p.slot()];
  const search = p.label();
  contains(p, file, SLASH, found);
  p.branch("eq", found, 0, search);
  const error = p.sys("execve", [file, argv, envp], { name: "execute", onError: "ignore" });
  failed(p, argv, error);

  p.place(search);
  const path = p.slot();
  pathOf(p, envp, path);
  const candidate = p.bss(2 * PATH_MAX);
  p.loop((leave) => {
    const at = p.slot();
    p.mov(at, candidate);
    copyUntil(p, path, at, COLON);
    p.store("u8", at, 0, SLASH);
    p.arith("add", at, 1, { into: at });
    const name = p.slot();
    p.mov(name, file);
    copyUntil(p, name, at, 0);
    p.store("u8", at, 0, 0);
    const e = p.sys("execve", [candidate, argv, envp], { name: "execute", onError: "ignore" });
    const next = p.label();
    p.branch("ne", e, -ERRNO.EACCES, next);
    p.mov(denied, 1);
    p.place(next);
    p.branch("eq", p.load("u8", path), 0, leave);
    p.arith("add", path, 1, { into: path });
  });
  p.when("ne", denied, 0, () => failed(p, argv, -ERRNO.EACCES));
  failed(p, argv, -ERRNO.ENOENT);
}

/** Sets `into` to 1 if the string at `text` has `byte` in it. */
function contains(p: ProgramBuilder, text: Operand, byte: number, into: Slot): void {
  const at = p.slot();
  p.mov(at, text);
  p.loop((leave) => {
    const c = p.load("u8", at);
    p.branch("eq", c, 0, leave);
    p.arith("add", at, 1, { into: at });
    const other = p.label();
    p.branch("ne", c, byte, other);
    p.mov(into, 1);
    p.jump(leave);
    p.place(other);
  });
}

/** Points `path` to PATH's value in the environment, or to the default. */
function pathOf(p: ProgramBuilder, envp: Result, path: Slot): void {
  const PATH = 0x48544150; // "PATH", little endian
  p.mov(path, p.cstring("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
  const at = p.slot();
  p.mov(at, envp);
  p.loop((leave) => {
    const entry = p.load("u64", at);
    p.branch("eq", entry, 0, leave);
    p.arith("add", at, 8, { into: at });
    const other = p.label();
    p.branch("ne", p.load("u32", entry), PATH, other);
    p.branch("ne", p.load("u8", entry, 4), 61, other);
    p.arith("add", entry, 5, { into: path });
    p.jump(leave);
    p.place(other);
  });
}

/** Copies from `from` to `to` up to `end` or the terminator; both are left behind the last byte. At most PATH_MAX. */
function copyUntil(p: ProgramBuilder, from: Slot, to: Slot, end: number): void {
  const left = p.slot();
  p.mov(left, PATH_MAX - 2);
  p.loop((leave) => {
    const c = p.load("u8", from);
    for (const stop of new Set([0, end])) p.branch("eq", c, stop, leave);
    p.branch("eq", left, 0, leave);
    p.store("u8", to, 0, c);
    for (const s of [from, to]) p.arith("add", s, 1, { into: s });
    p.arith("sub", left, 1, { into: left });
  });
}

/** Says what could not be executed and exits 127 where it was not found, else 126. */
function failed(p: ProgramBuilder, argv: Slot, error: Operand): void {
  const denied: Label = p.label();
  print(p, 2, "[FATAL docker-init] exec ");
  const file = p.slot();
  p.mov(file, p.load("u64", argv));
  const text = p.bss(2 * PATH_MAX);
  const end = p.slot();
  p.mov(end, text);
  copyUntil(p, file, end, 0);
  p.sys("write", [2, text, p.arith("sub", end, text)], { name: "complain", onError: "ignore" });
  p.branch("ne", error, -ERRNO.ENOENT, denied);
  complain(p, " failed: No such file or directory\n", 127);
  p.place(denied);
  complain(p, " failed: Permission denied\n", 126);
}

/** Exits as a child did whose wait status is `status`. */
function exitAs(p: ProgramBuilder, status: Result): void {
  const signal = p.arith("and", status, 0x7f);
  p.when("ne", signal, 0, () => p.exit(p.arith("add", signal, 128)));
  p.exit(p.arith("and", p.arith("shr", status, 8), 0xff));
}

function complain(p: ProgramBuilder, text: string, code: number): void {
  print(p, 2, text);
  p.exit(code);
}

function print(p: ProgramBuilder, fd: number, text: string): void {
  const bytes = new TextEncoder().encode(text);
  p.sys("write", [fd, p.bytes(bytes), bytes.length], { name: "print", onError: "ignore" });
}
