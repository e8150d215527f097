/**
 * Operations of a launch program, and the bytes of one operation.
 *
 * An operation is 64 bytes, little endian:
 *
 * | offset | size | what |
 * |---|---|---|
 * | 0 | 1 | kind, {@linkcode OP_KIND} |
 * | 1 | 1 | policy on error: 0 fail, 1 ignore, 2 jump, 3 jump on a listed errno and fail on others; 0x80: dump the trace before |
 * | 2 | 2 | slot that takes the result, 0xffff for none |
 * | 4 | 4 | target of the policy or branch, an operation index |
 * | 8 | 2 | system call number, width, comparison or arithmetic, by kind |
 * | 10 | 2 | mode of each of the six arguments, two bits each: 0 immediate, 1 image address, 2 slot |
 * | 12 | 4 | up to four errnos; tolerated (policies 0 to 2) or jumped on (policy 3) |
 * | 16 | 48 | six arguments of 8 bytes |
 *
 * @module
 */
import type { ErrnoName } from "./errno.ts";
import type { SYSCALLS_ARM64 } from "./syscalls_arm64.ts";
import type { SYSCALLS_X64 } from "./syscalls_x64.ts";

/** A system call that exists on every architecture the programs run on. */
export type SyscallName = keyof typeof SYSCALLS_ARM64 & keyof typeof SYSCALLS_X64;

/** Size of one encoded operation. Bytes. */
export const OP_SIZE = 64;

/** Kinds of operations, by name. */
export const OP_KIND = {
  exit: 0,
  syscall: 1,
  jump: 2,
  branch: 3,
  store: 4,
  load: 5,
  arith: 6,
  format: 7,
  parse: 8,
  enter: 9,
  report: 10,
  fail: 11,
  copy: 12,
  image: 13,
} as const;

/** What an operation does. */
export type OpKind = keyof typeof OP_KIND;

/** Comparisons of a branch, signed. */
export const COMPARISON = { eq: 0, ne: 1, lt: 2, ge: 3, gt: 4, le: 5 } as const;

/** A signed comparison. */
export type Comparison = keyof typeof COMPARISON;

/** Arithmetic, on 64 bits without overflow checks; `div` is unsigned. */
export const ARITHMETIC = { add: 0, sub: 1, and: 2, or: 3, shl: 4, shr: 5, mul: 6, div: 7 } as const;

/** Name of an arithmetic function. */
export type Arithmetic = keyof typeof ARITHMETIC;

/** Widths of loads and stores: bytes, `i32` is loaded with its sign. */
export const WIDTH = { u8: 0, u16: 1, u32: 2, u64: 3, i32: 4 } as const;

/** Width of a load or store. */
export type Width = keyof typeof WIDTH;

/** An argument as the program holds it, before it has an address. */
export type Arg =
  | { readonly mode: "imm"; readonly value: bigint }
  | { readonly mode: "data"; readonly offset: number }
  | { readonly mode: "slot"; readonly slot: number }
  | { readonly mode: "slotAddress"; readonly slot: number }
  | { readonly mode: "label"; readonly op: number };

/** What happens when an operation fails. */
export type Policy =
  | { readonly kind: "fail" }
  | { readonly kind: "ignore" }
  | { readonly kind: "jump"; readonly op: number }
  | { readonly kind: "jumpOn"; readonly op: number };

/** One operation of a finished program. */
export interface Op {
  /** What it does. */
  readonly kind: OpKind;
  /** What it is for, in words that end "cannot …", e.g. `mount proc on /proc`. Stays on this side. */
  readonly name: string;
  /** Which system call, of kind `syscall`. */
  readonly syscall?: SyscallName;
  /** Width, comparison or arithmetic; or record kind of a report. */
  readonly number: number;
  /** Slot that takes the result. */
  readonly into?: number;
  /** Target of a branch, an operation index. */
  readonly target?: number;
  /** What happens on an error. */
  readonly policy: Policy;
  /** Errnos that are tolerated, or jumped on. At most four. */
  readonly errnos: readonly ErrnoName[];
  /** Up to six arguments. */
  readonly args: readonly Arg[];
}
