/**
 * Encodes a launch program for one architecture: the image that the interpreter loads.
 *
 * | offset | size | header field |
 * |---|---|---|
 * | 0 | 4 | magic `RTLP` |
 * | 4 | 2 | version, 1 |
 * | 6 | 2 | ELF machine: 62 x86-64, 183 arm64 |
 * | 8 | 4 | bytes in the file |
 * | 12 | 4 | bytes in memory |
 * | 16 | 4 | offset of the operations |
 * | 20 | 4 | number of operations |
 * | 24 | 4 | offset of the slots |
 * | 28 | 4 | flags: 1 stay dumpable, 2 trace |
 * | 32 | 4 | offset of the relocations (4 bytes each: where an image offset becomes an address) |
 * | 36 | 4 | number of relocations |
 * | 40 | 4 | offset of the trace (16 bytes each: u64 nanoseconds, u64 operation) |
 * | 44 | 4 | room in the trace |
 * | 48 | 4 | first fd that is closed on entry, with all above; 0 for none |
 *
 * Then the slots (8 bytes each), the operations, the relocations, the data; then memory that is not in the file.
 *
 * @module
 */
import { ERRNO } from "./errno.ts";
import type { Arg, Op } from "./op.ts";
import { OP_KIND, OP_SIZE } from "./op.ts";
import type { Program } from "./program.ts";
import { RESERVED_SLOTS } from "./program.ts";
import { SYSCALLS_ARM64 } from "./syscalls_arm64.ts";
import { SYSCALLS_X64 } from "./syscalls_x64.ts";

/** An architecture that the interpreter exists for, by Node's name. */
export type Arch = "x64" | "arm64";

/** ELF machine numbers. */
export const ELF_MACHINE: Readonly<Record<Arch, number>> = { x64: 62, arm64: 183 };

/** Size of an image's header. Bytes. */
export const HEADER_SIZE = 64;

/** Flags in the header. */
export const IMAGE_FLAGS = { dumpable: 1, trace: 2 } as const;

/** The fd that reports go to unless the port says otherwise. */
export const REPORT_FD = 3;

/** The fd that the interpreter reads its first program from. */
export const PROGRAM_FD = 4;

/** Most time stamps that a traced program keeps. */
const TRACE_ENTRIES = 4096;

const MODE = { imm: 0, data: 1, slotAddress: 1, slot: 2, label: 0 } as const;

/** Offset of a slot in every image. */
export function slotOffset(slot: number): number {
  return HEADER_SIZE + slot * 8;
}

/** System calls after which the trace would be lost. */
const LAST_CALLS: ReadonlySet<string> = new Set(["execve", "execveat", "exit_group", "exit"]);

/** Options of {@linkcode encode}. */
export interface EncodeOptions {
  /** Close this fd and all above on entry: engines hand on what they inherited themselves. @default {none} */
  readonly closeFrom?: number;
}

/** Encodes `program` for `arch`. */
export function encode(program: Program, arch: Arch, options: EncodeOptions = {}): Uint8Array<ArrayBuffer> {
  const opsOffset = slotOffset(program.slotCount);
  const relocOffset = opsOffset + program.ops.length * OP_SIZE;
  const dataOffset = Math.ceil((relocOffset + program.relocations.length * 4) / 64) * 64;
  const fileSize = dataOffset + program.data.length;
  const traceOffset = Math.ceil((fileSize + program.bssSize) / 16) * 16;
  const memorySize = traceOffset + (program.trace ? TRACE_ENTRIES * 16 : 0);

  const image = new Uint8Array(fileSize);
  const view = new DataView(image.buffer);
  image.set([0x52, 0x54, 0x4c, 0x50]);
  view.setUint16(4, 1, true);
  view.setUint16(6, ELF_MACHINE[arch], true);
  const flags = (program.dumpable ? IMAGE_FLAGS.dumpable : 0) | (program.trace ? IMAGE_FLAGS.trace : 0);
  const words = [fileSize, memorySize, opsOffset, program.ops.length, HEADER_SIZE, flags, relocOffset];
  words.push(program.relocations.length, traceOffset, program.trace ? TRACE_ENTRIES : 0);
  words.push(options.closeFrom ?? 0);
  for (const [i, word] of words.entries()) view.setUint32(8 + i * 4, word, true);
  view.setBigUint64(slotOffset(RESERVED_SLOTS.report), BigInt(REPORT_FD), true);

  const numbers: Readonly<Record<string, number>> = arch === "x64" ? SYSCALLS_X64 : SYSCALLS_ARM64;
  for (const [i, op] of program.ops.entries()) {
    encodeOp(view, opsOffset + i * OP_SIZE, op, numbers, dataOffset, program.trace);
  }
  image.set(program.data, dataOffset);
  for (const [i, at] of program.relocations.entries()) {
    const place = dataOffset + at;
    view.setUint32(relocOffset + i * 4, place, true);
    view.setBigUint64(place, view.getBigUint64(place, true) + BigInt(dataOffset), true);
  }
  return image;
}

function encodeOp(
  view: DataView,
  at: number,
  op: Op,
  numbers: Readonly<Record<string, number>>,
  dataOffset: number,
  trace: boolean,
): void {
  const { policy } = op;
  const dump = trace && (op.kind === "exit" || op.kind === "fail" || LAST_CALLS.has(op.syscall ?? ""));
  view.setUint8(at, OP_KIND[op.kind]);
  view.setUint8(at + 1, ["fail", "ignore", "jump", "jumpOn"].indexOf(policy.kind) | (dump ? 0x80 : 0));
  view.setUint16(at + 2, op.into ?? 0xffff, true);
  view.setUint32(at + 4, op.target ?? ("op" in policy ? policy.op : 0), true);
  view.setUint16(at + 8, op.syscall === undefined ? op.number : numbers[op.syscall]!, true);
  let modes = 0;
  for (const [i, arg] of op.args.entries()) {
    modes |= MODE[arg.mode] << (2 * i);
    view.setBigUint64(at + 16 + i * 8, BigInt.asUintN(64, argValue(arg, dataOffset)), true);
  }
  view.setUint16(at + 10, modes, true);
  for (const [i, name] of op.errnos.entries()) view.setUint8(at + 12 + i, ERRNO[name]);
}

function argValue(arg: Arg, dataOffset: number): bigint {
  switch (arg.mode) {
    case "imm":
      return arg.value;
    case "data":
      return BigInt(dataOffset + arg.offset);
    case "slot":
      return BigInt(arg.slot);
    case "slotAddress":
      return BigInt(slotOffset(arg.slot));
    case "label":
      return BigInt(arg.op);
  }
}
