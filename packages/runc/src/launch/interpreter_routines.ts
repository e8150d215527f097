/**
 * The interpreter's subroutines: loading an image, reporting, tracing.
 *
 * @module
 */
import { ENOEXEC, FIRST_ERROR, type Labels, MAGIC } from "./interpreter_labels.ts";
import type { Machine } from "./machine.ts";
import { RECORD_DATA, RECORD_HEADER, TRACE_RECORD } from "./record.ts";

/** Reads the image from the fd in a0 and closes that; r is its address or an error. */
export function emitLoadImage(m: Machine, l: Labels): void {
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
export function emitReport(m: Machine, l: Labels): void {
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
export function emitTrace(m: Machine, l: Labels): void {
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
