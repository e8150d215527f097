/**
 * The interpreter's code for each kind of operation. Arguments are in a0 to a5, the number in s0, the kind in t0.
 *
 * @module
 */
import { EINVAL, ENOEXEC, FRAME, type Labels, MAGIC } from "./interpreter_labels.ts";
import type { Condition, Machine } from "./machine.ts";
import { OP_KIND } from "./op.ts";

/** One piece of code per kind of operation. */
export function emitKinds(m: Machine, l: Labels): void {
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
