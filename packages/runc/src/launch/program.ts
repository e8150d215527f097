/**
 * Launch programs: what a process must do before it becomes the container, as data.
 *
 * A {@linkcode ProgramBuilder} collects operations, labels, slots and data; `build()` gives a {@linkcode Program},
 * which is the same for every architecture. `encode.ts` turns it into the bytes that the interpreter runs.
 *
 * @module
 */
import type { ErrnoName } from "./errno.ts";
import type { Arg, Arithmetic, Comparison, Op, OpKind, Policy, SyscallName, Width } from "./op.ts";
import { ARITHMETIC, COMPARISON, WIDTH } from "./op.ts";
import type { Data } from "./program_data.ts";
import { ProgramData } from "./program_data.ts";

/** Slots that every program has: where reports go, whose they are, and the trace's length. */
export const RESERVED_SLOTS = { report: 0, seq: 1, trace: 2, spare: 3 } as const;

/** Record kinds of the report fd. */
export const RECORD_KIND = { failure: 1, value: 2, data: 3, started: 4, exited: 5 } as const;

/** A finished launch program. */
export interface Program {
  /** The operations, executed from the first. */
  readonly ops: readonly Op[];
  /** The initialised data. */
  readonly data: Uint8Array;
  /** Zeroed memory after the data. Bytes. */
  readonly bssSize: number;
  /** Places in the data that hold a data offset and must hold an address. */
  readonly relocations: readonly number[];
  /** Number of slots, the reserved ones included. */
  readonly slotCount: number;
  /** Whether the process stays dumpable (`PR_SET_DUMPABLE`). */
  readonly dumpable: boolean;
  /** Whether every operation is time-stamped. */
  readonly trace: boolean;
}

/** A position in the program, to be placed once. */
export class Label {
  /** Index of the operation it stands before; undefined until placed. */
  op: number | undefined;
}

/** A 64-bit variable; holds a number from the operation that it is the result of. */
export class Slot {
  /** Which of the program's slots. */
  readonly index: number;
  /** Use {@linkcode ProgramBuilder.slot}. */
  constructor(index: number) {
    this.index = index;
  }
}

/** Result of an operation; becomes a slot only when it is used. */
export class Result {
  readonly #claim: () => number;
  #index: number | undefined;
  /** Made by the builder. */
  constructor(claim: () => number) {
    this.#claim = claim;
  }
  /** Which of the program's slots. */
  get index(): number {
    return (this.#index ??= this.#claim());
  }
}

/** Anything that can stand as an argument. Booleans are 0 and 1; null is 0. */
export type Operand = number | bigint | boolean | null | Slot | Result | Data | Label | SlotAddress;

/** Address of a slot, for calls that write their result to memory. */
export interface SlotAddress {
  /** The slot whose address is meant. */
  readonly addressOf: Slot | Result;
}

/** How an operation deals with errors and results. */
export interface OpOptions {
  /** What the step is for, in words that end "cannot …". @default {the system call's name} */
  readonly name?: string;
  /** Slot for the result; a failed and tolerated call leaves the negative errno. */
  readonly into?: Slot | Result;
  /** What an error does. @default {"fail"} */
  readonly onError?: "fail" | "ignore" | Label;
  /** Errnos that are not errors; the program goes on with the next operation. At most four. */
  readonly tolerate?: readonly ErrnoName[];
  /** Jump to `goto` on these errnos (at most four), fail on others. Excludes `onError` and `tolerate`. */
  readonly onErrno?: { readonly errnos: readonly ErrnoName[]; readonly goto: Label };
}

interface PendingOp {
  kind: OpKind;
  name: string;
  syscall?: SyscallName;
  number: number;
  into: number | undefined;
  target: Label | undefined;
  options: OpOptions;
  args: Operand[];
}

/** Options of {@linkcode ProgramBuilder}. */
export interface ProgramOptions {
  /** Leave the process dumpable; needed where it writes its own /proc files inside a user namespace. @default {false} */
  readonly dumpable?: boolean;
  /** Time-stamp every operation and report the stamps before exec and exit. @default {false} */
  readonly trace?: boolean;
}

/**
 * Collects a launch program step by step.
 *
 * @example
 * ```ts
 * import { ProgramBuilder } from "@rt/runc/kernel";
 * const p = new ProgramBuilder();
 * const pid = p.sys("getpid", []);
 * p.value(1, pid);
 * p.exit(0);
 * if (p.build().ops.length !== 3) throw new Error("three operations expected");
 * ```
 */
export class ProgramBuilder extends ProgramData {
  /** Slot with the report fd. */
  readonly reportFd: Slot = new Slot(RESERVED_SLOTS.report);
  /** Slot with the identity that this process's reports carry. */
  readonly reportSeq: Slot = new Slot(RESERVED_SLOTS.seq);
  readonly #ops: PendingOp[] = [];
  readonly #options: ProgramOptions;
  #slots = 4;

  /** Starts an empty program. */
  constructor(options: ProgramOptions = {}) {
    super();
    this.#options = options;
  }

  /** Allocates a variable; it holds 0 at first. */
  slot(): Slot {
    return new Slot(this.#slots++);
  }

  /** The address of a variable, to pass where the kernel writes to memory. */
  addressOf(slot: Slot | Result): SlotAddress {
    return { addressOf: slot };
  }

  /** Makes a label that is placed later. */
  label(): Label {
    return new Label();
  }

  /** Puts `label` (or a new one) here. */
  place(label: Label = new Label()): Label {
    if (label.op !== undefined) throw new TypeError("label placed twice");
    label.op = this.#ops.length;
    return label;
  }

  /** System call `name`; the result is a slot if it is used. */
  sys(name: SyscallName, args: readonly Operand[], options: OpOptions = {}): Result {
    return this.#add("syscall", 0, args, options, undefined, name);
  }

  /** Sets `into` to `value`. */
  mov(into: Slot | Result, value: Operand): void {
    this.#add("arith", ARITHMETIC.add, [value, 0], { into });
  }

  /** `a function b`; into `options.into` or a new slot. */
  arith(f: Arithmetic, a: Operand, b: Operand, options: OpOptions = {}): Result {
    return this.#add("arith", ARITHMETIC[f], [a, b], options);
  }

  /** Writes `value` to memory at `address` + `offset`. */
  store(width: Width, address: Operand, offset: number, value: Operand): void {
    this.#add("store", WIDTH[width] & 3, [address, value, offset], {});
  }

  /** Reads memory at `address` + `offset`. */
  load(width: Width, address: Operand, offset = 0, options: OpOptions = {}): Result {
    return this.#add("load", WIDTH[width], [address, 0, offset], options);
  }

  /** Copies `length` bytes from `source` to `target`; they may not overlap. */
  copy(target: Operand, source: Operand, length: Operand): void {
    this.#add("copy", 0, [target, source, length], {});
  }

  /** Writes `value`, unsigned, in decimal to `address`, no terminator; at most 20 bytes. The result is the length. */
  formatDecimal(value: Operand, address: Operand, options: OpOptions = {}): Result {
    return this.#add("format", 0, [value, address], options);
  }

  /** Reads a decimal number from at most `length` bytes at `address`; EINVAL if there is no digit. */
  parseDecimal(address: Operand, length: Operand, options: OpOptions = {}): Result {
    return this.#add("parse", 0, [address, length], options);
  }

  /** Goes to `to`: a label, or a slot that holds one (see {@linkcode mov}). */
  jump(to: Label | Slot | Result): void {
    this.#add("jump", 0, [to], {});
  }

  /** Goes to `to` if `a comparison b`, signed. */
  branch(comparison: Comparison, a: Operand, b: Operand, to: Label): void {
    this.#add("branch", COMPARISON[comparison], [a, b], {}, to);
  }

  /** Runs `then` if `a comparison b`, else `otherwise`. */
  when(comparison: Comparison, a: Operand, b: Operand, then: () => void, otherwise?: () => void): void {
    const yes = this.label();
    const end = this.label();
    this.branch(comparison, a, b, yes);
    otherwise?.();
    this.jump(end);
    this.place(yes);
    then();
    this.place(end);
  }

  /** Runs `body` for ever; it leaves by a jump to the label that it is given. */
  loop(body: (leave: Label, again: Label) => void): void {
    const leave = this.label();
    const again = this.place();
    body(leave, again);
    this.jump(again);
    this.place(leave);
  }

  /** Forks (clone without shared memory); `child` runs in the child and exits 0 at its end. The result is the pid. */
  fork(child: () => void, options: OpOptions & { readonly flags?: number } = {}): Result {
    const after = this.label();
    const { flags = 0, ...rest } = options;
    const sigchld = 17;
    const pid = this.sys("clone", [BigInt(flags | sigchld) & 0xffff_ffffn, 0, 0, 0, 0], rest);
    this.branch("ne", pid, 0, after);
    child();
    this.exit(0);
    this.place(after);
    return pid;
  }

  /** Reports a number under `tag`. */
  value(tag: number, value: Operand): void {
    this.#add("report", RECORD_KIND.value, [tag, value, 0, 0], {});
  }

  /** Reports `length` bytes at `address` under `tag`; more than 4072 are sent in pieces. */
  data(tag: number, address: Operand, length: Operand): void {
    this.#add("report", RECORD_KIND.data, [tag, 0, address, length], {});
  }

  /** Writes a record of the port's own kinds. */
  record(
    kind: keyof typeof RECORD_KIND,
    tag: Operand,
    value: Operand,
    address: Operand = 0,
    length: Operand = 0,
  ): void {
    this.#add("report", RECORD_KIND[kind], [tag, value, address, length], {});
  }

  /** Reports failure of the step `name` with `errno` (a number or a slot with a positive one), and exits 1. */
  fail(name: string, errno: Operand): void {
    this.#add("fail", 0, [errno], { name });
  }

  /** Reads a program image from the fd `fd` into memory and closes the fd; the result is its address. */
  loadImage(fd: Operand, options: OpOptions = {}): Result {
    return this.#add("image", 0, [fd], { name: "load launch program", ...options });
  }

  /** Goes on with the image at `address`; this program is never returned to. */
  enter(address: Operand): void {
    this.#add("enter", 0, [address], { name: "enter launch program" });
  }

  /** Ends the process. */
  exit(code: Operand): void {
    this.#add("exit", 0, [code], {});
  }

  /** Finishes the program. */
  build(): Program {
    const args = this.#ops.map((op) => op.args.map((arg) => this.#arg(arg)));
    return {
      ops: this.#ops.map((op, i) => ({
        kind: op.kind,
        name: op.name,
        ...(op.syscall === undefined ? {} : { syscall: op.syscall }),
        number: op.number,
        ...(op.into === undefined ? {} : { into: op.into }),
        ...(op.target === undefined ? {} : { target: this.#target(op.target) }),
        policy: this.#policy(op),
        errnos: op.options.onErrno?.errnos ?? op.options.tolerate ?? [],
        args: args[i]!,
      })),
      ...this.finishData(),
      slotCount: this.#slots,
      dumpable: this.#options.dumpable ?? false,
      trace: this.#options.trace ?? false,
    };
  }

  #add(
    kind: OpKind,
    number: number,
    args: readonly Operand[],
    options: OpOptions,
    target?: Label,
    syscall?: SyscallName,
  ): Result {
    if (args.length > 6) throw new TypeError(`${options.name ?? kind}: more than six arguments`);
    const errnos = options.onErrno?.errnos ?? options.tolerate ?? [];
    if (errnos.length > 4) throw new TypeError(`${options.name ?? kind}: more than four errnos`);
    const op: PendingOp = {
      kind,
      name: options.name ?? syscall ?? kind,
      ...(syscall === undefined ? {} : { syscall }),
      number,
      into: options.into?.index,
      target,
      options,
      args: [...args],
    };
    // Results that stand as arguments must be slots before the operation that makes them is encoded.
    for (const arg of args) if (arg instanceof Result) arg.index;
    this.#ops.push(op);
    return new Result(() => (op.into ??= this.#slots++));
  }

  #target(label: Label): number {
    if (label.op === undefined) throw new TypeError("label never placed");
    return label.op;
  }

  #policy(op: PendingOp): Policy {
    const { onError = "fail", onErrno } = op.options;
    if (onErrno !== undefined) return { kind: "jumpOn", op: this.#target(onErrno.goto) };
    if (onError === "fail" || onError === "ignore") return { kind: onError };
    return { kind: "jump", op: this.#target(onError) };
  }

  #arg(arg: Operand): Arg {
    if (arg === null) return { mode: "imm", value: 0n };
    if (typeof arg !== "object") return { mode: "imm", value: BigInt(arg) };
    if (arg instanceof Slot || arg instanceof Result) return { mode: "slot", slot: arg.index };
    if (arg instanceof Label) return { mode: "label", op: this.#target(arg) };
    if ("addressOf" in arg) return { mode: "slotAddress", slot: arg.addressOf.index };
    return { mode: "data", offset: this.offsetOf(arg) };
  }
}
