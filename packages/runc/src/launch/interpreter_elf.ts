/**
 * The interpreter as a static, position-independent ELF file: one read-execute segment, a stack that is not
 * executable, no writable segment, no dynamic section.
 *
 * Source: System V ABI, chapters 4 and 5 (object files, program loading).
 *
 * @module
 */
import { Arm64 } from "./arm64.ts";
import type { Arch } from "./encode.ts";
import { emitInterpreter } from "./interpreter.ts";
import { X64 } from "./x64.ts";

const EHDR = 64;
const PHDR = 56;
const CODE = EHDR + 2 * PHDR;
const [PF_X, PF_W, PF_R] = [1, 2, 4];

/** The bytes of the interpreter for `arch`. */
export function interpreterElf(arch: Arch): Uint8Array<ArrayBuffer> {
  const machine = arch === "x64" ? new X64() : new Arm64();
  emitInterpreter(machine);
  const code = machine.finish();
  const file = new Uint8Array(CODE + code.length);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 3, true); // ET_DYN
  view.setUint16(18, machine.elfMachine, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(CODE), true);
  view.setBigUint64(32, BigInt(EHDR), true);
  view.setUint16(52, EHDR, true);
  view.setUint16(54, PHDR, true);
  view.setUint16(56, 2, true);

  const size = BigInt(file.length);
  segment(view, EHDR, { type: 1, flags: PF_R | PF_X, size, align: machine.pageSize });
  segment(view, EHDR + PHDR, { type: 0x6474e551, flags: PF_R | PF_W, size: 0n, align: 16 });
  file.set(code, CODE);
  return file;
}

function segment(
  view: DataView,
  at: number,
  s: { readonly type: number; readonly flags: number; readonly size: bigint; readonly align: number },
): void {
  view.setUint32(at, s.type, true);
  view.setUint32(at + 4, s.flags, true);
  view.setBigUint64(at + 32, s.size, true);
  view.setBigUint64(at + 40, s.size, true);
  view.setBigUint64(at + 48, BigInt(s.align), true);
}
