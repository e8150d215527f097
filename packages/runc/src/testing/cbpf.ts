/**
 * A classic BPF machine for tests of seccomp filters: runs a program on a `struct seccomp_data`.
 *
 * It checks what the kernel's verifier checks: only forward jumps inside the program, loads aligned and inside the
 * data, known operations. Source: Linux net/core/filter.c `bpf_check_classic`, kernel/seccomp.c.
 *
 * @module
 */

/** A system call as a filter sees it. */
export interface SeccompCall {
  readonly arch: number;
  readonly nr: number;
  /** Up to six argument words. @default {all 0} */
  readonly args?: readonly bigint[];
}

/** What a run ended with. */
export interface SeccompVerdict {
  /** The word that was returned. */
  readonly verdict: number;
  /** How many instructions ran. */
  readonly steps: number;
}

function seccompData(call: SeccompCall): DataView {
  const view = new DataView(new ArrayBuffer(64));
  view.setUint32(0, call.nr >>> 0, true);
  view.setUint32(4, call.arch >>> 0, true);
  (call.args ?? []).forEach((arg, i) => {
    view.setBigUint64(16 + 8 * i, BigInt.asUintN(64, arg), true);
  });
  return view;
}

/**
 * Runs a filter on a call.
 *
 * @throws {Error} if the program is one that the kernel would refuse.
 */
export function runSeccompFilter(bytes: Uint8Array, call: SeccompCall): SeccompVerdict {
  const code = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = seccompData(call);
  let a = 0;
  let pc = 0;
  for (let steps = 1; ; steps++) {
    if (pc * 8 >= bytes.length) throw new Error(`filter runs past its end at ${pc}`);
    const op = code.getUint16(pc * 8, true);
    const k = code.getUint32(pc * 8 + 4, true);
    const jump = (taken: boolean): number => code.getUint8(pc * 8 + (taken ? 2 : 3));
    switch (op) {
      case 0x20:
        if (k % 4 !== 0 || k >= 64) throw new Error(`load of offset ${k} at ${pc}`);
        a = data.getUint32(k, true);
        break;
      case 0x54:
        a = (a & k) >>> 0;
        break;
      case 0x05:
        pc += k;
        break;
      case 0x15:
        pc += jump(a === k);
        break;
      case 0x25:
        pc += jump(a > k);
        break;
      case 0x35:
        pc += jump(a >= k);
        break;
      case 0x45:
        pc += jump((a & k) !== 0);
        break;
      case 0x06:
        return { verdict: k, steps };
      default:
        throw new Error(`operation 0x${op.toString(16)} at ${pc}`);
    }
    pc++;
  }
}
