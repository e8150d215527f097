/**
 * A launch program as an executable of its own: the interpreter with the image already in place.
 *
 * A static ELF file at fixed addresses: one read-execute segment with the interpreter, one read-write segment with
 * the image. It needs no descriptor, no file and no library; some 6 KB on x86-64.
 *
 * Source: System V ABI, chapters 4 and 5.
 *
 * @module
 */
import { Arm64 } from "./arm64.ts";
import { type Arch, encode, slotOffset } from "./encode.ts";
import { emitInterpreter } from "./interpreter.ts";
import { type Program, RESERVED_SLOTS, Slot } from "./program.ts";
import { X64 } from "./x64.ts";

const EHDR = 64;
const PHDR = 56;
const CODE = EHDR + 3 * PHDR;
const CODE_ADDRESS = 0x40_0000;
const IMAGE_ADDRESS = 0x1000_0000;
const [PF_X, PF_W, PF_R] = [1, 2, 4];

/**
 * The slot that holds the stack pointer at the start of a standalone program: there stand argc, the argv pointers,
 * NULL, the envp pointers, NULL, 8 bytes each.
 */
export function startStack(): Slot {
  return new Slot(RESERVED_SLOTS.spare);
}

/** The executable for `program`; its reports go nowhere. */
export function standaloneElf(program: Program, arch: Arch): Uint8Array<ArrayBuffer> {
  const machine = arch === "x64" ? new X64() : new Arm64();
  emitInterpreter(machine, IMAGE_ADDRESS);
  const code = machine.finish();
  const image = relocated(encode(program, arch));
  const imageOffset = Math.ceil((CODE + code.length) / machine.pageSize) * machine.pageSize;

  const file = new Uint8Array(imageOffset + image.bytes.length);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true); // ET_EXEC
  view.setUint16(18, machine.elfMachine, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(CODE_ADDRESS + CODE), true);
  view.setBigUint64(32, BigInt(EHDR), true);
  for (const [at, value] of [
    [52, EHDR],
    [54, PHDR],
    [56, 3],
  ] as const)
    view.setUint16(at, value, true);
  const size = CODE + code.length;
  const align = machine.pageSize;
  const code_ = {
    type: 1,
    flags: PF_R | PF_X,
    offset: 0,
    address: CODE_ADDRESS,
    fileSize: size,
    memorySize: size,
    align,
  };
  const data = { type: 1, flags: PF_R | PF_W, offset: imageOffset, address: IMAGE_ADDRESS, align };
  header(view, 0, code_);
  header(view, 1, { ...data, fileSize: image.bytes.length, memorySize: image.memorySize });
  header(view, 2, {
    type: 0x6474e551,
    flags: PF_R | PF_W,
    offset: 0,
    address: 0,
    fileSize: 0,
    memorySize: 0,
    align: 16,
  });
  file.set(code, CODE);
  file.set(image.bytes, imageOffset);
  return file;
}

/** The image with its relocations done for the fixed address, and its size in memory. */
function relocated(bytes: Uint8Array<ArrayBuffer>): {
  readonly bytes: Uint8Array;
  readonly memorySize: number;
} {
  const view = new DataView(bytes.buffer);
  const table = view.getUint32(32, true);
  for (let i = 0; i < view.getUint32(36, true); i++) {
    const place = view.getUint32(table + i * 4, true);
    view.setBigUint64(place, view.getBigUint64(place, true) + BigInt(IMAGE_ADDRESS), true);
  }
  view.setUint32(36, 0, true);
  view.setBigInt64(slotOffset(RESERVED_SLOTS.report), -1n, true);
  return { bytes, memorySize: view.getUint32(12, true) };
}

function header(
  view: DataView,
  index: number,
  h: {
    readonly type: number;
    readonly flags: number;
    readonly offset: number;
    readonly address: number;
    readonly fileSize: number;
    readonly memorySize: number;
    readonly align: number;
  },
): void {
  const at = EHDR + index * PHDR;
  view.setUint32(at, h.type, true);
  view.setUint32(at + 4, h.flags, true);
  const words = [h.offset, h.address, h.address, h.fileSize, h.memorySize, h.align];
  for (const [i, word] of words.entries()) view.setBigUint64(at + 8 + i * 8, BigInt(word), true);
}
