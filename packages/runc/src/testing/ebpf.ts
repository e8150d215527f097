/**
 * An eBPF machine for tests of device filters: runs a program on a `struct bpf_cgroup_dev_ctx`.
 *
 * It knows the few instructions that such filters have, and refuses what the kernel's verifier would: reading a
 * register that was never written, leaving the program, jumping backwards, reading outside the context.
 * Source: Linux Documentation/bpf/standardization/instruction-set.rst.
 *
 * @module
 */

/** An access to a device, as the kernel asks a filter. */
export interface DeviceAccess {
  readonly kind: "b" | "c";
  readonly major: number;
  readonly minor: number;
  /** 1 read, 2 write, 4 mknod. */
  readonly access: number;
}

function context({ kind, major, minor, access }: DeviceAccess): DataView {
  const view = new DataView(new ArrayBuffer(12));
  const bits = (access & 1 ? 2 : 0) | (access & 2 ? 4 : 0) | (access & 4 ? 1 : 0);
  view.setUint32(0, (kind === "b" ? 1 : 2) | (bits << 16), true);
  view.setUint32(4, major, true);
  view.setUint32(8, minor, true);
  return view;
}

/** What the program returns: 1 to allow, 0 to refuse. @throws {Error} if the kernel would refuse the program. */
export function runDeviceFilter(bytes: Uint8Array, asked: DeviceAccess): number {
  const code = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ctx = context(asked);
  const regs: (bigint | undefined)[] = Array(11).fill(undefined);
  regs[1] = 0n;
  const read = (r: number): bigint => {
    const value = regs[r];
    if (value === undefined) throw new Error(`r${r} is read before it is written`);
    return value;
  };
  const low = (value: bigint): bigint => BigInt.asUintN(32, value);
  let contextLost = false;
  for (let pc = 0; ; pc++) {
    if (pc * 8 >= bytes.length) throw new Error(`program runs past its end at ${pc}`);
    const op = code.getUint8(pc * 8);
    const dst = code.getUint8(pc * 8 + 1) & 15;
    const src = code.getUint8(pc * 8 + 1) >> 4;
    const off = code.getInt16(pc * 8 + 2, true);
    const imm = BigInt(code.getInt32(pc * 8 + 4, true));
    if (dst === 1) contextLost = true;
    switch (op) {
      case 0x61:
        if (src !== 1 || contextLost || off < 0 || off > 8 || off % 4 !== 0)
          throw new Error(`bad load at ${pc}`);
        regs[dst] = BigInt(ctx.getUint32(off, true));
        break;
      case 0x54:
        regs[dst] = low(read(dst)) & low(imm);
        break;
      case 0x74:
        regs[dst] = low(read(dst)) >> imm;
        break;
      case 0xbc:
        regs[dst] = low(read(src));
        break;
      case 0xb4:
        regs[dst] = low(imm);
        break;
      case 0x15:
      case 0x55:
      case 0x5d: {
        if (off < 0) throw new Error(`backward jump at ${pc}`);
        const other = op === 0x5d ? read(src) : BigInt.asUintN(64, imm);
        if ((read(dst) === other) === (op === 0x15)) pc += off;
        break;
      }
      case 0x95:
        return Number(read(0));
      default:
        throw new Error(`operation 0x${op.toString(16)} at ${pc}`);
    }
  }
}
