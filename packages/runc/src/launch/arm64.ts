/**
 * arm64 back end of the interpreter's abstract machine.
 *
 * x16 holds immediates that an instruction cannot, x8 the system call's number, x30 the return address.
 * Source: Arm Architecture Reference Manual for A-profile, C6.2 (A64 base instructions).
 *
 * @module
 */
import type { AluOp, CodeLabel, Condition, MemoryWidth, Register } from "./machine.ts";
import { Machine } from "./machine.ts";
import { SYSCALLS_ARM64 } from "./syscalls_arm64.ts";

const NUMBER: Readonly<Record<Register, number>> = {
  a0: 0,
  a1: 1,
  a2: 2,
  a3: 3,
  a4: 4,
  a5: 5,
  r: 6,
  t0: 9,
  t1: 10,
  base: 19,
  pc: 20,
  ops: 21,
  slots: 22,
  s0: 23,
  s1: 24,
  sp: 31,
};

const CONDITION: Readonly<Record<Condition, number>> = {
  eq: 0,
  ne: 1,
  uge: 2,
  ult: 3,
  ge: 10,
  lt: 11,
  gt: 12,
  le: 13,
};

const ALU: Readonly<Record<Exclude<AluOp, "mul">, number>> = {
  add: 0x8b000000,
  sub: 0xcb000000,
  and: 0x8a000000,
  or: 0xaa000000,
};

const LOAD: Readonly<Record<MemoryWidth, number>> = {
  8: 0x39400000,
  16: 0x79400000,
  32: 0xb9400000,
  64: 0xf9400000,
  i32: 0xb9800000,
};

const STORE: Readonly<Record<8 | 16 | 32 | 64, number>> = {
  8: 0x39000000,
  16: 0x79000000,
  32: 0xb9000000,
  64: 0xf9000000,
};

const SCRATCH = 16;
const NUMBER_REGISTER = 8;
const LINK = 30;

/** Encodes for arm64. */
export class Arm64 extends Machine {
  override readonly numbers: Readonly<Record<string, number>> = SYSCALLS_ARM64;
  override readonly elfMachine: number = 183;
  override readonly pageSize: number = 0x10000;

  override mov(d: Register, s: Register): void {
    const [n, m] = [NUMBER[d], NUMBER[s]];
    if (d === "sp" || s === "sp") this.emit32(0x91000000 | (m << 5) | n);
    else this.emit32(0xaa0003e0 | (m << 16) | n);
  }

  override movi(d: Register, value: number): void {
    this.#constant(NUMBER[d], value);
  }

  override alu(op: AluOp, d: Register, s: Register): void {
    const [n, m] = [NUMBER[d], NUMBER[s]];
    if (op === "mul") this.emit32(0x9b007c00 | (m << 16) | (n << 5) | n);
    else this.emit32(ALU[op] | (m << 16) | (n << 5) | n);
  }

  override addi(d: Register, value: number): void {
    const n = NUMBER[d];
    const size = Math.abs(value);
    if (size > 4095) {
      this.#constant(SCRATCH, value);
      this.emit32(ALU.add | (SCRATCH << 16) | (n << 5) | n);
    } else this.emit32((value < 0 ? 0xd1000000 : 0x91000000) | (size << 10) | (n << 5) | n);
  }

  override andi(d: Register, value: number): void {
    const n = NUMBER[d];
    this.#constant(SCRATCH, value);
    this.emit32(ALU.and | (SCRATCH << 16) | (n << 5) | n);
  }

  override shifti(direction: "left" | "right", d: Register, bits: number): void {
    const n = NUMBER[d];
    if (direction === "left") {
      this.emit32(0xd3400000 | (((64 - bits) & 63) << 16) | ((63 - bits) << 10) | (n << 5) | n);
    } else this.emit32(0xd340fc00 | (bits << 16) | (n << 5) | n);
  }

  override shiftByT0(direction: "left" | "right"): void {
    const n = NUMBER.r;
    this.emit32((direction === "left" ? 0x9ac02000 : 0x9ac02400) | (NUMBER.t0 << 16) | (n << 5) | n);
  }

  override divideByT0(): void {
    const { r, t0, t1, a2 } = NUMBER;
    this.emit32(0x9ac00800 | (t0 << 16) | (r << 5) | t1);
    this.emit32(0x9b008000 | (t0 << 16) | (r << 10) | (t1 << 5) | a2);
    this.mov("r", "t1");
  }

  override load(width: MemoryWidth, d: Register, base: Register, offset: number): void {
    this.#memory(LOAD[width], width === "i32" ? 4 : width / 8, d, base, offset);
  }

  override store(width: 8 | 16 | 32 | 64, s: Register, base: Register, offset: number): void {
    this.#memory(STORE[width], width / 8, s, base, offset);
  }

  override loadIndexed(d: Register, base: Register, index: Register): void {
    this.emit32(0xf8607800 | (NUMBER[index] << 16) | (NUMBER[base] << 5) | NUMBER[d]);
  }

  override storeIndexed(s: Register, base: Register, index: Register): void {
    this.emit32(0xf8207800 | (NUMBER[index] << 16) | (NUMBER[base] << 5) | NUMBER[s]);
  }

  override cmp(a: Register, b: Register): void {
    this.emit32(0xeb00001f | (NUMBER[b] << 16) | (NUMBER[a] << 5));
  }

  override cmpi(a: Register, value: number): void {
    const n = NUMBER[a];
    const size = Math.abs(value);
    if (size > 4095) {
      this.#constant(SCRATCH, value);
      this.emit32(0xeb00001f | (SCRATCH << 16) | (n << 5));
    } else this.emit32((value < 0 ? 0xb100001f : 0xf100001f) | (size << 10) | (n << 5));
  }

  override jumpIf(condition: Condition, to: CodeLabel): void {
    const word = 0x54000000 | CONDITION[condition];
    this.fixup(to, (distance, at) => this.patch32(at, word | (((distance >> 2) & 0x7ffff) << 5)));
    this.emit32(0);
  }

  override jump(to: CodeLabel): void {
    this.#branch(0x14000000, to);
  }

  override call(to: CodeLabel): void {
    this.#branch(0x94000000, to);
  }

  override beginRoutine(frame: number): void {
    this.emit32(0xf81f0fe0 | LINK);
    this.addi("sp", -frame);
  }

  override endRoutine(frame: number): void {
    this.addi("sp", frame);
    this.emit32(0xf84107e0 | LINK);
    this.emit32(0xd65f03c0);
  }

  override syscall(which: string | Register): void {
    const number = this.numbers[which];
    if (number !== undefined) this.#constant(NUMBER_REGISTER, number);
    else this.emit32(0xaa0003e0 | (NUMBER[which as Register] << 16) | NUMBER_REGISTER);
    this.emit32(0xd4000001);
    this.mov("r", "a0");
  }

  #branch(word: number, to: CodeLabel): void {
    this.fixup(to, (distance, at) => this.patch32(at, word | ((distance >> 2) & 0x3ffffff)));
    this.emit32(0);
  }

  #memory(word: number, size: number, reg: Register, base: Register, offset: number): void {
    if (offset % size !== 0 || offset < 0 || offset / size > 4095) throw new RangeError(`offset ${offset}`);
    this.emit32(word | ((offset / size) << 10) | (NUMBER[base] << 5) | NUMBER[reg]);
  }

  /** movz or movn, then movk for the upper half. */
  #constant(register: number, value: number): void {
    const low = (value < 0 ? ~value : value) & 0xffff;
    const high = (value >> 16) & 0xffff;
    this.emit32((value < 0 ? 0x92800000 : 0xd2800000) | (low << 5) | register);
    if (high !== (value < 0 ? 0xffff : 0)) this.emit32(0xf2a00000 | (high << 5) | register);
  }
}
