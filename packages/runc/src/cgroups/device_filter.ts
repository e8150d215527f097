/**
 * The device filter of cgroup v2: an eBPF program of type BPF_PROG_TYPE_CGROUP_DEVICE, as bytes.
 *
 * | bytes of an instruction | field |
 * |---|---|
 * | 0 | opcode |
 * | 1 | destination register (low 4 bits), source register (high 4 bits) |
 * | 2-3 | offset, i16 little endian |
 * | 4-7 | immediate, i32 little endian |
 *
 * The context is `{ u32 access_type; u32 major; u32 minor }`, access_type being type in the low and access in the high
 * 16 bits. The program returns 1 to allow and 0 to refuse (EPERM).
 * Source: Linux include/uapi/linux/bpf.h, Documentation/bpf/standardization/instruction-set.rst; opencontainers/cgroups
 * devices/devicefilter.go.
 *
 * @module
 */
import { CgroupError } from "./cgroup_error.ts";
import { DEVICE_ACCESS_ALL, type DeviceException, type DeviceState } from "./device_rules.ts";

/** Values of bpf(2) that loading a device filter needs. */
export const BPF_DEVICE = {
  cmdProgLoad: 5,
  cmdProgAttach: 8,
  cmdProgDetach: 9,
  cmdProgQuery: 16,
  progTypeCgroupDevice: 15,
  attachTypeCgroupDevice: 6,
  flagAllowMulti: 2,
  flagReplace: 4,
} as const;

const TYPE_BITS = { b: 1, c: 2 } as const;
/** BPF_DEVCG_ACC_* by our bits (1 read, 2 write, 4 mknod). */
const accessMask = (access: number): number =>
  (access & 1 ? 2 : 0) | (access & 2 ? 4 : 0) | (access & 4 ? 1 : 0);

interface Insn {
  readonly op: number;
  readonly dst?: number;
  readonly src?: number;
  readonly off?: number;
  readonly imm?: number;
}

const loadWord = (dst: number, off: number): Insn => ({ op: 0x61, dst, src: 1, off });
const andImm = (dst: number, imm: number): Insn => ({ op: 0x54, dst, imm });
const shiftRight = (dst: number, imm: number): Insn => ({ op: 0x74, dst, imm });
const moveReg = (dst: number, src: number): Insn => ({ op: 0xbc, dst, src });
const moveImm = (dst: number, imm: number): Insn => ({ op: 0xb4, dst, imm });
const jumpNotEqual = (dst: number, imm: number, off: number): Insn => ({ op: 0x55, dst, imm, off });
const jumpEqual = (dst: number, imm: number, off: number): Insn => ({ op: 0x15, dst, imm, off });
const jumpNotEqualReg = (dst: number, src: number, off: number): Insn => ({ op: 0x5d, dst, src, off });
const exit: Insn = { op: 0x95 };

/** r2 = type, r3 = access, r4 = major, r5 = minor. */
const PROLOGUE: readonly Insn[] = [
  loadWord(2, 0),
  andImm(2, 0xffff),
  loadWord(3, 0),
  shiftRight(3, 16),
  loadWord(4, 4),
  loadWord(5, 8),
];

/**
 * Tests of one exception; each gets the distance to the end of the block as its offset.
 *
 * An exception that allows must cover all of the access asked for; one that refuses need only touch it, as on cgroup v1
 * (security/device_cgroup.c `match_exception_partial`).
 */
function compileException(e: DeviceException, verdict: number): Insn[] {
  if (e.major > 0x7fff_ffff || e.minor > 0x7fff_ffff) {
    throw new CgroupError(
      "INVALID_ARGUMENT",
      `cannot filter device ${e.major}:${e.minor}: number out of range`,
    );
  }
  const tests: ((off: number) => Insn)[] = [(off) => jumpNotEqual(2, TYPE_BITS[e.kind], off)];
  if (e.access !== DEVICE_ACCESS_ALL) {
    tests.push(
      () => moveReg(1, 3),
      () => andImm(1, accessMask(e.access)),
      (off) => (verdict === 1 ? jumpNotEqualReg(1, 3, off) : jumpEqual(1, 0, off)),
    );
  }
  if (e.major >= 0) tests.push((off) => jumpNotEqual(4, e.major, off));
  if (e.minor >= 0) tests.push((off) => jumpNotEqual(5, e.minor, off));
  const length = tests.length + 2;
  return [...tests.map((test, i) => test(length - i - 1)), moveImm(0, verdict), exit];
}

/** The program of a device state: `struct bpf_insn` array, 8 bytes each. */
export function compileDeviceFilter(state: DeviceState): Uint8Array {
  const allow = Number(state.allowByDefault);
  const program = [
    ...PROLOGUE,
    ...state.exceptions.flatMap((e) => compileException(e, 1 - allow)),
    moveImm(0, allow),
    exit,
  ];
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  program.forEach(({ op, dst = 0, src = 0, off = 0, imm = 0 }, i) => {
    view.setUint8(i * 8, op);
    view.setUint8(i * 8 + 1, dst | (src << 4));
    view.setInt16(i * 8 + 2, off, true);
    view.setInt32(i * 8 + 4, imm, true);
  });
  return bytes;
}

/** A `union bpf_attr` with the places where pointers and descriptors go at run time. */
export interface BpfAttr {
  readonly bytes: Uint8Array;
  /** Byte offsets of u64 pointers and u32 descriptors to fill in. */
  readonly fill: Readonly<Record<string, number>>;
}

/** Attributes of BPF_PROG_LOAD for a program of `insnCount` instructions; to fill: `insns`, `license` (pointers). */
export function progLoadAttr(insnCount: number): BpfAttr {
  const bytes = new Uint8Array(72);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, BPF_DEVICE.progTypeCgroupDevice, true);
  view.setUint32(4, insnCount, true);
  return { bytes, fill: { insns: 8, license: 16 } };
}

/** The licence string a program is loaded with, NUL included. */
export const BPF_LICENSE: Uint8Array = new TextEncoder().encode("Apache\0");

/** Attributes of BPF_PROG_ATTACH to a cgroup; to fill: `cgroup`, `program` (descriptors). */
export function progAttachAttr(): BpfAttr {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  view.setUint32(8, BPF_DEVICE.attachTypeCgroupDevice, true);
  view.setUint32(12, BPF_DEVICE.flagAllowMulti, true);
  return { bytes, fill: { cgroup: 0, program: 4 } };
}
