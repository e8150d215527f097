/**
 * A small abstract machine that the interpreter is written for; `x64.ts` and `arm64.ts` encode its instructions.
 *
 * Registers: `a0` to `a5` carry system call arguments (a0 is lost over a call, the others survive), `r` the result,
 * `t0` and `t1` are lost over a call, the rest is kept. Two operands: the first is also the result.
 *
 * @module
 */

/** A register of the abstract machine. */
export type Register =
  | "a0"
  | "a1"
  | "a2"
  | "a3"
  | "a4"
  | "a5"
  | "r"
  | "t0"
  | "t1"
  | "s0"
  | "s1"
  | "base"
  | "pc"
  | "ops"
  | "slots"
  | "sp";

/** Condition of a jump after `cmp`; `ult` and `uge` are unsigned. */
export type Condition = "eq" | "ne" | "lt" | "ge" | "gt" | "le" | "ult" | "uge";

/** Memory widths: bits, `i32` extends the sign, the others zeros. */
export type MemoryWidth = 8 | 16 | 32 | 64 | "i32";

/** Two-operand arithmetic. */
export type AluOp = "add" | "sub" | "and" | "or" | "mul";

/** A place in the code. */
export interface CodeLabel {
  /** Offset, once placed. Bytes. */
  at: number | undefined;
}

/** What both back ends share: the byte buffer and jumps to places not yet known. */
export abstract class Machine {
  /** System call numbers. */
  abstract readonly numbers: Readonly<Record<string, number>>;
  /** ELF machine number. */
  abstract readonly elfMachine: number;
  /** Alignment of a loadable segment. Bytes. */
  abstract readonly pageSize: number;
  readonly #bytes: number[] = [];
  readonly #fixups: { at: number; label: CodeLabel; patch: (distance: number, at: number) => void }[] = [];

  /** `d = s`. */
  abstract mov(d: Register, s: Register): void;
  /** `d = value`, signed 32 bits. */
  abstract movi(d: Register, value: number): void;
  /** `d = d op s`. */
  abstract alu(op: AluOp, d: Register, s: Register): void;
  /** `d = d + value`, signed 32 bits. */
  abstract addi(d: Register, value: number): void;
  /** `d = d & value`, 0 to 2^31 - 1. */
  abstract andi(d: Register, value: number): void;
  /** `d = d << bits` or `d >> bits` (without sign). */
  abstract shifti(direction: "left" | "right", d: Register, bits: number): void;
  /** `r = r << t0` or `r >> t0` (without sign). */
  abstract shiftByT0(direction: "left" | "right"): void;
  /** `r = r / t0`, `a2` = remainder, unsigned; t1 is lost. */
  abstract divideByT0(): void;
  /** `d = memory[base + offset]`; offset is a multiple of the width. */
  abstract load(width: MemoryWidth, d: Register, base: Register, offset: number): void;
  /** `memory[base + offset] = s`. */
  abstract store(width: 8 | 16 | 32 | 64, s: Register, base: Register, offset: number): void;
  /** `d = memory[base + index * 8]`, 64 bits. */
  abstract loadIndexed(d: Register, base: Register, index: Register): void;
  /** `memory[base + index * 8] = s`, 64 bits. */
  abstract storeIndexed(s: Register, base: Register, index: Register): void;
  /** Compares for {@linkcode jumpIf}. */
  abstract cmp(a: Register, b: Register): void;
  /** Compares with a signed 32-bit number. */
  abstract cmpi(a: Register, value: number): void;
  /** Jumps if the last comparison holds. */
  abstract jumpIf(condition: Condition, to: CodeLabel): void;
  /** Jumps. */
  abstract jump(to: CodeLabel): void;
  /** Calls a subroutine that begins with {@linkcode beginRoutine}. */
  abstract call(to: CodeLabel): void;
  /** Begins a subroutine with `frame` bytes on the stack, a multiple of 16. */
  abstract beginRoutine(frame: number): void;
  /** Returns from a subroutine. */
  abstract endRoutine(frame: number): void;
  /** System call; the number by name or in a register; the result is in `r`. */
  abstract syscall(which: string | Register): void;

  /** Makes a label. */
  label(): CodeLabel {
    return { at: undefined };
  }

  /** Puts `label` here. */
  place(label: CodeLabel): void {
    label.at = this.#bytes.length;
  }

  /** Compares and jumps. */
  jumpIfEquals(a: Register, value: number, to: CodeLabel): void {
    this.cmpi(a, value);
    this.jumpIf("eq", to);
  }

  /** The finished code. */
  finish(): Uint8Array {
    for (const { at, label, patch } of this.#fixups) {
      if (label.at === undefined) throw new TypeError("code label never placed");
      patch(label.at - at, at);
    }
    return Uint8Array.from(this.#bytes);
  }

  /** Appends bytes. */
  protected emit(...bytes: number[]): void {
    this.#bytes.push(...bytes);
  }

  /** Appends a little-endian 32-bit word. */
  protected emit32(word: number): void {
    this.emit(word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24);
  }

  /** Overwrites a 32-bit word. */
  protected patch32(at: number, word: number): void {
    for (let i = 0; i < 4; i++) this.#bytes[at + i] = (word >>> (8 * i)) & 255;
  }

  /** Notes that the word at the present position depends on where `label` will be. */
  protected fixup(label: CodeLabel, patch: (distance: number, at: number) => void): void {
    this.#fixups.push({ at: this.#bytes.length, label, patch });
  }
}
