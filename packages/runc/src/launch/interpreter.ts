/**
 * The interpreter of launch programs, written once for the abstract machine of `machine.ts`.
 *
 * It loads an image from fd 4 into fresh anonymous memory, makes the process non-dumpable unless the image says
 * otherwise, and executes operations until one exits, fails or execs. Encodings: `op.ts`, `encode.ts`;
 * reports: `record.ts`.
 *
 * @module
 */
import { IMAGE_FLAGS, PROGRAM_FD, REPORT_FD } from "./encode.ts";
import { emitKinds } from "./interpreter_kinds.ts";
import { FIRST_ERROR, FRAME, type Labels } from "./interpreter_labels.ts";
import { emitLoadImage, emitReport, emitTrace } from "./interpreter_routines.ts";
import type { Machine, Register } from "./machine.ts";
import { OP_SIZE } from "./op.ts";
import { RECORD_KIND, RESERVED_SLOTS } from "./program.ts";

const ARG_REGISTERS: readonly Register[] = ["a0", "a1", "a2", "a3", "a4", "a5"];

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
