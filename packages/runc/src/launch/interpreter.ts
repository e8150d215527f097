/**
 * The interpreter of launch programs, written once for the abstract machine of `machine.ts`.
 *
 * It loads an image from fd 4 into fresh anonymous memory, makes the process non-dumpable unless the image says
 * otherwise, and executes operations until one exits, fails or execs. Encodings: `op.ts`, `encode.ts`.
 *
 * A record on the report fd, little endian, at most 4096 bytes, so that a pipe keeps it whole:
 *
 * | offset | size | what |
 * |---|---|---|
 * | 0 | 4 | size of the record |
 * | 4 | 4 | kind; bit 31: more data of this tag follows |
 * | 8 | 4 | identity of the launch (slot 1) |
 * | 12 | 4 | tag; of a failure the operation's index |
 * | 16 | 8 | value; of a failure the errno |
 * | 24 | … | data |
 *
 * @module
 */
import { IMAGE_FLAGS, PROGRAM_FD, REPORT_FD } from "./encode.ts";
import type { CodeLabel, Condition, Machine, Register } from "./machine.ts";
import { OP_KIND, OP_SIZE } from "./op.ts";
import { RECORD_KIND, RESERVED_SLOTS } from "./program.ts";

/** Size of a record without its data. Bytes. */
export const RECORD_HEADER = 24;

/** Most data in one record. Bytes. */
export const RECORD_DATA: number = 4096 - RECORD_HEADER;

/** Record kind of time stamps. */
export const TRACE_RECORD = 6;

/** Operation index of a failure to load the first image. */
export const LOAD_FAILURE = 0xffff_ffff;

const MAGIC = 0x504c5452;
/** The main routine's stack: six arguments, then room for digits. */
const FRAME = 96;
const ARG_REGISTERS: readonly Register[] = ["a0", "a1", "a2", "a3", "a4", "a5"];
/** The least value, as unsigned, that is an error number and not a result. */
const FIRST_ERROR = -4095;
const ENOEXEC = 8;
const EINVAL = 22;

interface Labels {
  readonly next: CodeLabel;
  readonly loop: CodeLabel;
  readonly result: CodeLabel;
  readonly setResult: CodeLabel;
  readonly gotoTarget: CodeLabel;
  readonly failure: CodeLabel;
  readonly start: CodeLabel;
  readonly loadImage: CodeLabel;
  readonly report: CodeLabel;
  readonly stamp: CodeLabel;
  readonly dump: CodeLabel;
}

/**
 * Emits the whole interpreter; execution begins at its first instruction.
 *
 * With `imageAddress` the image is already in memory there, relocated, and the first one is not loaded from a
 * descriptor; the spare slot then holds the stack pointer at the start, where argc, argv and envp are.
 */
export function emitInterpreter(m: Machine, imageAddress?: number): void {
  const l: Labels = {
    next: m.label(),
    loop: m.label(),
    result: m.label(),
    setResult: m.label(),
    gotoTarget: m.label(),
    failure: m.label(),
    start: m.label(),
    loadImage: m.label(),
    report: m.label(),
    stamp: m.label(),
    dump: m.label(),
  };
  if (imageAddress === undefined) emitLoader(m, l);
  else emitEmbedded(m, imageAddress);
  emitStart(m, l);
  emitLoop(m, l);
  emitKinds(m, l);
  emitResult(m, l);
  emitLoadImage(m, l);
  emitReport(m, l);
  emitTrace(m, l);
}

/** Notes the stack pointer in the image's spare slot. */
function emitEmbedded(m: Machine, imageAddress: number): void {
  m.mov("t1", "sp");
  m.addi("sp", -FRAME);
  m.movi("r", imageAddress);
  m.load(32, "slots", "r", 24);
  m.alu("add", "slots", "r");
  m.store(64, "t1", "slots", RESERVED_SLOTS.spare * 8);
}

/** Loads the first image. */
function emitLoader(m: Machine, l: Labels): void {
  m.addi("sp", -FRAME);
  // Until there is an image, two slots on the stack let a failure be reported.
  m.movi("t0", REPORT_FD);
  m.store(64, "t0", "sp", 0);
  m.movi("t0", 0);
  m.store(64, "t0", "sp", 8);
  m.store(64, "t0", "sp", 16);
  m.mov("slots", "sp");
  m.movi("ops", 0);
  m.movi("pc", -OP_SIZE);
  m.movi("a0", REPORT_FD);
  m.movi("a1", 2); // F_SETFD
  m.movi("a2", 1); // FD_CLOEXEC
  m.syscall("fcntl");
  m.movi("a0", PROGRAM_FD);
  m.call(l.loadImage);
  m.movi("t1", 0);
  m.alu("sub", "t1", "r");
  m.movi("base", 0);
  m.cmpi("r", FIRST_ERROR);
  m.jumpIf("uge", l.failure);
}

/** `start` takes an image's address in r. */
function emitStart(m: Machine, l: Labels): void {
  m.place(l.start);
  m.mov("base", "r");
  m.load(32, "slots", "base", 24);
  m.alu("add", "slots", "base");
  m.load(32, "ops", "base", 16);
  m.alu("add", "ops", "base");
  m.mov("pc", "ops");
  m.movi("a0", 4); // PR_SET_DUMPABLE
  m.load(32, "a1", "base", 28);
  m.andi("a1", IMAGE_FLAGS.dumpable);
  m.syscall("prctl");
  m.load(32, "a0", "base", 48);
  m.jumpIfEquals("a0", 0, l.loop);
  m.movi("a1", -1);
  m.movi("a2", 0);
  m.syscall("close_range");
  m.jump(l.loop);

  m.place(l.next);
  m.addi("pc", OP_SIZE);
}

/** Time-stamps if asked, resolves the arguments, and leaves number in s0, kind in t0. */
function emitLoop(m: Machine, l: Labels): void {
  const noTrace = m.label();
  const noDump = m.label();
  m.place(l.loop);
  m.load(32, "t0", "base", 28);
  m.andi("t0", IMAGE_FLAGS.trace);
  m.jumpIfEquals("t0", 0, noTrace);
  m.call(l.stamp);
  m.place(noTrace);
  m.load(8, "t0", "pc", 1);
  m.andi("t0", 0x80);
  m.jumpIfEquals("t0", 0, noDump);
  m.call(l.dump);
  m.place(noDump);

  const [again, address, put] = [m.label(), m.label(), m.label()];
  m.load(16, "s0", "pc", 10);
  m.mov("a0", "pc");
  m.mov("a1", "sp");
  m.movi("a2", ARG_REGISTERS.length);
  m.place(again);
  m.load(64, "r", "a0", 16);
  m.mov("t0", "s0");
  m.andi("t0", 3);
  m.jumpIfEquals("t0", 1, address);
  m.cmpi("t0", 2);
  m.jumpIf("ne", put);
  m.loadIndexed("r", "slots", "r");
  m.jump(put);
  m.place(address);
  m.alu("add", "r", "base");
  m.place(put);
  m.store(64, "r", "a1", 0);
  m.addi("a0", 8);
  m.addi("a1", 8);
  m.shifti("right", "s0", 2);
  m.addi("a2", -1);
  m.cmpi("a2", 0);
  m.jumpIf("ne", again);

  m.load(16, "s0", "pc", 8);
  for (const [i, register] of ARG_REGISTERS.entries()) m.load(64, register, "sp", i * 8);
  m.load(8, "t0", "pc", 0);
}

/** One piece of code per kind of operation. */
function emitKinds(m: Machine, l: Labels): void {
  kind(m, OP_KIND.syscall, () => {
    m.syscall("s0");
    m.jump(l.result);
  });
  kind(m, OP_KIND.branch, () => emitBranch(m, l));
  kind(m, OP_KIND.arith, () => emitArithmetic(m, l));
  kind(m, OP_KIND.store, () => {
    m.alu("add", "a0", "a2");
    byNumber(m, [8, 16, 32, 64] as const, (width) => {
      m.store(width, "a1", "a0", 0);
      m.jump(l.next);
    });
    m.jump(l.next);
  });
  kind(m, OP_KIND.load, () => {
    m.alu("add", "a0", "a2");
    byNumber(m, [8, 16, 32, 64, "i32"] as const, (width) => {
      m.load(width, "r", "a0", 0);
      m.jump(l.setResult);
    });
    m.jump(l.next);
  });
  kind(m, OP_KIND.jump, () => {
    m.mov("pc", "a0");
    m.shifti("left", "pc", 6);
    m.alu("add", "pc", "ops");
    m.jump(l.loop);
  });
  kind(m, OP_KIND.report, () => {
    m.call(l.report);
    m.jump(l.next);
  });
  kind(m, OP_KIND.copy, () => {
    emitCopy(m);
    m.jump(l.next);
  });
  kind(m, OP_KIND.format, () => emitFormat(m, l));
  kind(m, OP_KIND.parse, () => emitParse(m, l));
  kind(m, OP_KIND.image, () => {
    m.call(l.loadImage);
    m.jump(l.result);
  });
  kind(m, OP_KIND.enter, () => {
    m.load(32, "t0", "a0", 0);
    m.mov("r", "a0");
    m.jumpIfEquals("t0", MAGIC, l.start);
    m.movi("r", -ENOEXEC);
    m.jump(l.result);
  });
  kind(m, OP_KIND.fail, () => {
    m.mov("t1", "a0");
    m.jump(l.failure);
  });
  m.syscall("exit_group");
}

/** The code for one kind; falls through to the next kind's. */
function kind(m: Machine, which: number, body: () => void): void {
  const other = m.label();
  m.cmpi("t0", which);
  m.jumpIf("ne", other);
  body();
  m.place(other);
}

/** One piece of code per value of s0, counting from 0. */
function byNumber<T>(m: Machine, cases: readonly T[], body: (value: T) => void): void {
  for (const [i, value] of cases.entries()) {
    const other = m.label();
    m.cmpi("s0", i);
    m.jumpIf("ne", other);
    body(value);
    m.place(other);
  }
}

function emitBranch(m: Machine, l: Labels): void {
  const conditions: readonly Condition[] = ["eq", "ne", "lt", "ge", "gt", "le"];
  byNumber(m, conditions, (condition) => {
    m.cmp("a0", "a1");
    m.jumpIf(condition, l.gotoTarget);
  });
  m.jump(l.next);
}

function emitArithmetic(m: Machine, l: Labels): void {
  m.mov("r", "a0");
  m.mov("t0", "a1");
  byNumber(m, ["add", "sub", "and", "or", "left", "right", "mul", "div"] as const, (f) => {
    if (f === "left" || f === "right") m.shiftByT0(f);
    else if (f === "div") {
      const fine = m.label();
      m.cmpi("t0", 0);
      m.jumpIf("ne", fine);
      m.movi("r", -EINVAL);
      m.jump(l.result);
      m.place(fine);
      m.divideByT0();
    } else m.alu(f, "r", "t0");
    m.jump(l.setResult);
  });
  m.jump(l.next);
}

/** Copies a2 bytes from a1 to a0. */
function emitCopy(m: Machine): void {
  const [again, done] = [m.label(), m.label()];
  m.place(again);
  m.jumpIfEquals("a2", 0, done);
  m.load(8, "t0", "a1", 0);
  m.store(8, "t0", "a0", 0);
  m.addi("a0", 1);
  m.addi("a1", 1);
  m.addi("a2", -1);
  m.jump(again);
  m.place(done);
}

/** Digits go to the end of the frame, then to a1. */
function emitFormat(m: Machine, l: Labels): void {
  const again = m.label();
  m.mov("r", "a0");
  m.mov("s1", "sp");
  m.addi("s1", FRAME);
  m.movi("t0", 10);
  m.place(again);
  m.divideByT0();
  m.addi("a2", 48);
  m.addi("s1", -1);
  m.store(8, "a2", "s1", 0);
  m.cmpi("r", 0);
  m.jumpIf("ne", again);
  m.mov("a2", "sp");
  m.addi("a2", FRAME);
  m.alu("sub", "a2", "s1");
  m.mov("r", "a2");
  m.mov("a0", "a1");
  m.mov("a1", "s1");
  emitCopy(m);
  m.jump(l.setResult);
}

function emitParse(m: Machine, l: Labels): void {
  const [again, end] = [m.label(), m.label()];
  m.movi("r", 0);
  m.movi("a2", 0);
  m.place(again);
  m.cmp("a2", "a1");
  m.jumpIf("ge", end);
  m.load(8, "t0", "a0", 0);
  m.addi("t0", -48);
  m.cmpi("t0", 10);
  m.jumpIf("uge", end);
  m.movi("t1", 10);
  m.alu("mul", "r", "t1");
  m.alu("add", "r", "t0");
  m.addi("a0", 1);
  m.addi("a2", 1);
  m.jump(again);
  m.place(end);
  m.cmpi("a2", 0);
  m.jumpIf("ne", l.setResult);
  m.movi("r", -EINVAL);
  m.jump(l.result);
}

/** Stores r in the operation's slot, applies its policy, reports a failure. */
function emitResult(m: Machine, l: Labels): void {
  const [noSlot, listed] = [m.label(), m.label()];
  m.place(l.result);
  m.cmpi("r", FIRST_ERROR);
  m.jumpIf("ult", l.setResult);
  m.load(16, "t0", "pc", 2);
  m.jumpIfEquals("t0", 0xffff, noSlot);
  m.storeIndexed("r", "slots", "t0");
  m.place(noSlot);
  m.movi("t1", 0);
  m.alu("sub", "t1", "r");
  m.load(8, "s0", "pc", 1);
  m.andi("s0", 3);
  for (let i = 12; i < 16; i++) {
    m.load(8, "t0", "pc", i);
    m.cmp("t0", "t1");
    m.jumpIf("eq", listed);
  }
  m.jumpIfEquals("s0", 1, l.next);
  m.jumpIfEquals("s0", 2, l.gotoTarget);

  m.place(l.failure);
  m.mov("a0", "pc");
  m.alu("sub", "a0", "ops");
  m.shifti("right", "a0", 6);
  m.mov("a1", "t1");
  m.movi("s0", RECORD_KIND.failure);
  m.movi("a2", 0);
  m.movi("a3", 0);
  m.call(l.report);
  m.call(l.dump);
  m.movi("a0", 1);
  m.syscall("exit_group");

  m.place(listed);
  m.cmpi("s0", 3);
  m.jumpIf("ne", l.next);
  m.place(l.gotoTarget);
  m.load(32, "pc", "pc", 4);
  m.shifti("left", "pc", 6);
  m.alu("add", "pc", "ops");
  m.jump(l.loop);

  m.place(l.setResult);
  m.load(16, "t0", "pc", 2);
  m.jumpIfEquals("t0", 0xffff, l.next);
  m.storeIndexed("r", "slots", "t0");
  m.jump(l.next);
}

/** Reads the image from the fd in a0 and closes that; r is its address or an error. */
function emitLoadImage(m: Machine, l: Labels): void {
  const frame = 64;
  const [read, complete, relocate, fine, out, bad] = [
    m.label(),
    m.label(),
    m.label(),
    m.label(),
    m.label(),
    m.label(),
  ];
  m.place(l.loadImage);
  m.beginRoutine(frame);
  m.mov("s0", "a0");
  m.mov("a1", "sp");
  m.movi("a2", 64);
  m.movi("a3", 0);
  m.syscall("pread64");
  m.cmpi("r", 64);
  m.jumpIf("ne", bad);
  m.load(32, "t0", "sp", 0);
  m.cmpi("t0", MAGIC);
  m.jumpIf("ne", bad);
  m.load(32, "t0", "sp", 4);
  m.cmpi("t0", 1 | (m.elfMachine << 16));
  m.jumpIf("ne", bad);

  m.movi("a0", 0);
  m.load(32, "a1", "sp", 12);
  m.movi("a2", 3); // PROT_READ | PROT_WRITE
  m.movi("a3", 0x22); // MAP_PRIVATE | MAP_ANONYMOUS
  m.movi("a4", -1);
  m.movi("a5", 0);
  m.syscall("mmap");
  m.cmpi("r", FIRST_ERROR);
  m.jumpIf("uge", out);
  m.mov("s1", "r");
  m.movi("a3", 0);
  m.place(read);
  m.load(32, "a2", "sp", 8);
  m.alu("sub", "a2", "a3");
  m.jumpIfEquals("a2", 0, complete);
  m.mov("a0", "s0");
  m.mov("a1", "s1");
  m.alu("add", "a1", "a3");
  m.syscall("pread64");
  m.cmpi("r", 1);
  m.jumpIf("lt", bad);
  m.alu("add", "a3", "r");
  m.jump(read);
  m.place(complete);
  m.mov("a0", "s0");
  m.syscall("close");

  m.load(32, "t0", "s1", 32);
  m.alu("add", "t0", "s1");
  m.load(32, "t1", "s1", 36);
  m.place(relocate);
  m.jumpIfEquals("t1", 0, fine);
  m.load(32, "a2", "t0", 0);
  m.alu("add", "a2", "s1");
  m.load(64, "a3", "a2", 0);
  m.alu("add", "a3", "s1");
  m.store(64, "a3", "a2", 0);
  m.addi("t0", 4);
  m.addi("t1", -1);
  m.jump(relocate);
  m.place(fine);
  m.mov("r", "s1");
  m.jump(out);
  m.place(bad);
  m.movi("r", -ENOEXEC);
  m.place(out);
  m.endRoutine(frame);
}

/** Writes records of kind s0, tag a0, value a1, with a3 bytes at a2; errors are ignored. */
function emitReport(m: Machine, l: Labels): void {
  const frame = 64;
  const [again, fits, last] = [m.label(), m.label(), m.label()];
  m.place(l.report);
  m.beginRoutine(frame);
  m.load(64, "t0", "slots", 8);
  m.store(32, "t0", "sp", 8);
  m.store(32, "a0", "sp", 12);
  m.store(64, "a1", "sp", 16);
  m.mov("a4", "a2");
  m.mov("a5", "a3");
  m.place(again);
  m.mov("t0", "a5");
  m.cmpi("t0", RECORD_DATA);
  m.jumpIf("le", fits);
  m.movi("t0", RECORD_DATA);
  m.place(fits);
  m.store(64, "a4", "sp", 48);
  m.store(64, "t0", "sp", 56);
  m.alu("add", "a4", "t0");
  m.alu("sub", "a5", "t0");
  m.mov("t1", "s0");
  m.jumpIfEquals("a5", 0, last);
  m.movi("r", 1);
  m.shifti("left", "r", 31);
  m.alu("or", "t1", "r");
  m.place(last);
  m.store(32, "t1", "sp", 4);
  m.addi("t0", RECORD_HEADER);
  m.store(32, "t0", "sp", 0);
  m.mov("t1", "sp");
  m.store(64, "t1", "sp", 32);
  m.movi("t1", RECORD_HEADER);
  m.store(64, "t1", "sp", 40);
  m.load(64, "a0", "slots", 0);
  m.mov("a1", "sp");
  m.addi("a1", 32);
  m.movi("a2", 2);
  m.syscall("writev");
  m.cmpi("a5", 0);
  m.jumpIf("ne", again);
  m.endRoutine(frame);
}

/** `stamp` notes time and operation; `dump` reports what was noted and begins anew. */
function emitTrace(m: Machine, l: Labels): void {
  const [full, nothing] = [m.label(), m.label()];
  m.place(l.stamp);
  m.beginRoutine(16);
  m.movi("a0", 1); // CLOCK_MONOTONIC
  m.mov("a1", "sp");
  m.syscall("clock_gettime");
  m.load(64, "r", "sp", 0);
  m.movi("t0", 1_000_000_000);
  m.alu("mul", "r", "t0");
  m.load(64, "t0", "sp", 8);
  m.alu("add", "r", "t0");
  m.load(64, "t0", "slots", 16);
  m.load(32, "t1", "base", 44);
  m.cmp("t0", "t1");
  m.jumpIf("uge", full);
  m.mov("t1", "t0");
  m.shifti("left", "t1", 4);
  m.alu("add", "t1", "base");
  m.load(32, "a1", "base", 40);
  m.alu("add", "t1", "a1");
  m.store(64, "r", "t1", 0);
  m.mov("r", "pc");
  m.alu("sub", "r", "ops");
  m.shifti("right", "r", 6);
  m.store(64, "r", "t1", 8);
  m.addi("t0", 1);
  m.store(64, "t0", "slots", 16);
  m.place(full);
  m.endRoutine(16);

  m.place(l.dump);
  m.beginRoutine(0);
  m.load(64, "a3", "slots", 16);
  m.jumpIfEquals("a3", 0, nothing);
  m.shifti("left", "a3", 4);
  m.movi("a0", 0);
  m.store(64, "a0", "slots", 16);
  m.movi("a1", 0);
  m.load(32, "a2", "base", 40);
  m.alu("add", "a2", "base");
  m.movi("s0", TRACE_RECORD);
  m.call(l.report);
  m.place(nothing);
  m.endRoutine(0);
}
