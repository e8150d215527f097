/**
 * x86-64 back end of the interpreter's abstract machine.
 *
 * Source: Intel 64 Software Developer's Manual, volume 2; System V ABI, AMD64 supplement, A.2 (system calls).
 *
 * @module
 */
import type { AluOp, CodeLabel, Condition, MemoryWidth, Register } from "./machine.ts";
import { Machine } from "./machine.ts";
import { SYSCALLS_X64 } from "./syscalls_x64.ts";

const NUMBER: Readonly<Record<Register, number>> = {
  a0: 7,
  a1: 6,
  a2: 2,
  a3: 10,
  a4: 8,
  a5: 9,
  r: 0,
  t0: 1,
  t1: 11,
  s0: 15,
  s1: 5,
  base: 3,
  pc: 12,
  ops: 13,
  slots: 14,
  sp: 4,
};

const CONDITION: Readonly<Record<Condition, number>> = {
  ult: 0x2,
  uge: 0x3,
  eq: 0x4,
  ne: 0x5,
  lt: 0xc,
  ge: 0xd,
  le: 0xe,
  gt: 0xf,
};

const ALU: Readonly<Record<Exclude<AluOp, "mul">, number>> = { add: 0x01, or: 0x09, and: 0x21, sub: 0x29 };

/** Encodes for x86-64. */
export class X64 extends Machine {
  override readonly numbers: Readonly<Record<string, number>> = SYSCALLS_X64;
  override readonly elfMachine: number = 62;
  override readonly pageSize: number = 0x1000;

  override mov(d: Register, s: Register): void {
    this.#registers(0x89, NUMBER[s], NUMBER[d]);
  }

  override movi(d: Register, value: number): void {
    const n = NUMBER[d];
    if (value < 0) this.#registers(0xc7, 0, n);
    else {
      if (n > 7) this.emit(0x41);
      this.emit(0xb8 | (n & 7));
    }
    this.emit32(value);
  }

  override alu(op: AluOp, d: Register, s: Register): void {
    const [n, m] = [NUMBER[d], NUMBER[s]];
    if (op !== "mul") this.#registers(ALU[op], m, n);
    else this.emit(0x48 | ((n >> 3) << 2) | (m >> 3), 0x0f, 0xaf, 0xc0 | ((n & 7) << 3) | (m & 7));
  }

  override addi(d: Register, value: number): void {
    this.#immediate(0, d, value);
  }

  override andi(d: Register, value: number): void {
    this.#immediate(4, d, value);
  }

  override shifti(direction: "left" | "right", d: Register, bits: number): void {
    this.#registers(0xc1, direction === "left" ? 4 : 5, NUMBER[d]);
    this.emit(bits);
  }

  override shiftByT0(direction: "left" | "right"): void {
    this.#registers(0xd3, direction === "left" ? 4 : 5, NUMBER.r);
  }

  override divideByT0(): void {
    this.movi("a2", 0);
    this.#registers(0xf7, 6, NUMBER.t0);
  }

  override load(width: MemoryWidth, d: Register, base: Register, offset: number): void {
    const opcode = { 8: [0x0f, 0xb6], 16: [0x0f, 0xb7], 32: [0x8b], 64: [0x8b], i32: [0x63] }[width];
    this.#memory(width === 64 || width === "i32", opcode, NUMBER[d], base, offset);
  }

  override store(width: 8 | 16 | 32 | 64, s: Register, base: Register, offset: number): void {
    if (width === 16) this.emit(0x66);
    this.#memory(width === 64, [width === 8 ? 0x88 : 0x89], NUMBER[s], base, offset);
  }

  override loadIndexed(d: Register, base: Register, index: Register): void {
    this.#indexed(0x8b, d, base, index);
  }

  override storeIndexed(s: Register, base: Register, index: Register): void {
    this.#indexed(0x89, s, base, index);
  }

  override cmp(a: Register, b: Register): void {
    this.#registers(0x39, NUMBER[b], NUMBER[a]);
  }

  override cmpi(a: Register, value: number): void {
    this.#immediate(7, a, value);
  }

  override jumpIf(condition: Condition, to: CodeLabel): void {
    this.emit(0x0f, 0x80 | CONDITION[condition]);
    this.#relative(to);
  }

  override jump(to: CodeLabel): void {
    this.emit(0xe9);
    this.#relative(to);
  }

  override call(to: CodeLabel): void {
    this.emit(0xe8);
    this.#relative(to);
  }

  override beginRoutine(frame: number): void {
    this.addi("sp", -frame);
  }

  override endRoutine(frame: number): void {
    this.addi("sp", frame);
    this.emit(0xc3);
  }

  override syscall(which: string | Register): void {
    const number = this.numbers[which];
    if (number === undefined) this.mov("r", which as Register);
    else this.movi("r", number);
    this.emit(0x0f, 0x05);
  }

  /** REX.W opcode, register form. */
  #registers(opcode: number, reg: number, rm: number): void {
    this.emit(0x48 | ((reg >> 3) << 2) | (rm >> 3), opcode, 0xc0 | ((reg & 7) << 3) | (rm & 7));
  }

  #immediate(extension: number, d: Register, value: number): void {
    const short = value >= -128 && value < 128;
    this.#registers(short ? 0x83 : 0x81, extension, NUMBER[d]);
    if (short) this.emit(value & 255);
    else this.emit32(value);
  }

  #memory(wide: boolean, opcode: readonly number[], reg: number, base: Register, offset: number): void {
    const b = NUMBER[base];
    const short = offset >= -128 && offset < 128;
    this.emit(0x40 | (wide ? 8 : 0) | ((reg >> 3) << 2) | (b >> 3), ...opcode);
    this.emit((short ? 0x40 : 0x80) | ((reg & 7) << 3) | (b & 7));
    if ((b & 7) === 4) this.emit(0x24);
    if (short) this.emit(offset & 255);
    else this.emit32(offset);
  }

  #indexed(opcode: number, reg: Register, base: Register, index: Register): void {
    const [r, b, i] = [NUMBER[reg], NUMBER[base], NUMBER[index]];
    this.emit(0x48 | ((r >> 3) << 2) | ((i >> 3) << 1) | (b >> 3), opcode);
    this.emit(0x44 | ((r & 7) << 3), 0xc0 | ((i & 7) << 3) | (b & 7), 0);
  }

  #relative(to: CodeLabel): void {
    this.fixup(to, (distance, at) => this.patch32(at, distance - 4));
    this.emit32(0);
  }
}
