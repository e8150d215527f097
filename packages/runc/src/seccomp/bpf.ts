/**
 * Classic BPF as seccomp filters use it: instructions as records, and their bytes.
 *
 * | bytes | field | meaning |
 * |---|---|---|
 * | 0-1 | code | operation, u16 little endian |
 * | 2 | jt | instructions to skip when the condition holds |
 * | 3 | jf | instructions to skip when it does not |
 * | 4-7 | k | constant, u32 little endian |
 *
 * Jumps are relative, so pieces of code can be joined by concatenation.
 * Source: Linux include/uapi/linux/filter.h `struct sock_filter`, include/uapi/linux/seccomp.h `struct seccomp_data`.
 *
 * @module
 */

/** One instruction of a classic BPF program. */
export interface BpfInstruction {
  /** Operation, one of {@linkcode BPF}. */
  readonly code: number;
  /** Instructions to skip when the condition holds, 0 to 255. */
  readonly jt: number;
  /** Instructions to skip when it does not, 0 to 255. */
  readonly jf: number;
  /** Constant, 0 to 2^32 - 1. */
  readonly k: number;
}

/** The operations a seccomp filter needs, by name. */
export const BPF = {
  /** A = 32-bit word of seccomp_data at byte offset k. */
  load: 0x20,
  /** A = A & k. */
  and: 0x54,
  /** Skip k instructions. */
  jump: 0x05,
  jumpEqual: 0x15,
  jumpGreater: 0x25,
  jumpGreaterEqual: 0x35,
  /** Holds when A & k is not 0. */
  jumpSet: 0x45,
  /** End with verdict k. */
  ret: 0x06,
} as const;

/** Byte offsets in `struct seccomp_data`, little endian. */
export const SECCOMP_DATA = { nr: 0, arch: 4, args: 16, size: 64 } as const;

/** The most instructions the kernel accepts (BPF_MAXINSNS). */
export const BPF_MAX_INSTRUCTIONS = 4096;

/** Makes one instruction; absent parts are 0. */
export function bpf(code: number, k: number, jt: number = 0, jf: number = 0): BpfInstruction {
  return { code, jt, jf, k: k >>> 0 };
}

/** A conditional jump over `skip` instructions when it holds, however many those are. */
export function jumpOver(code: number, k: number, skip: number): BpfInstruction[] {
  if (skip <= 255) return [bpf(code, k, skip, 0)];
  return [bpf(code, k, 0, 1), bpf(BPF.jump, skip)];
}

/** The bytes of a program, 8 per instruction, ready for `struct sock_fprog`. */
export function encodeBpf(program: readonly BpfInstruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  program.forEach((insn, i) => {
    view.setUint16(i * 8, insn.code, true);
    view.setUint8(i * 8 + 2, insn.jt);
    view.setUint8(i * 8 + 3, insn.jf);
    view.setUint32(i * 8 + 4, insn.k, true);
  });
  return bytes;
}
