/**
 * From `process.capabilities` to what capset(2) and prctl(2) are given.
 *
 * | bytes of the capset data | field |
 * |---|---|
 * | 0, 4, 8 | effective, permitted, inheritable of bits 0 to 31, u32 little endian |
 * | 12, 16, 20 | the same of bits 32 to 63 |
 *
 * Names that are unknown, or that the kernel does not have (above `cap_last_cap`), are left out and reported, as runc
 * does with a warning. Source: Linux include/uapi/linux/capability.h; capset(2); opencontainers/runc
 * libcontainer/capabilities/capabilities.go.
 *
 * @module
 */
import type { LinuxCapabilities } from "../oci.ts";
import { CAPABILITY_NAMES, capabilityBit } from "./names.ts";

/** `_LINUX_CAPABILITY_VERSION_3`. */
export const CAPABILITY_VERSION_3 = 0x2008_0522;

/** The five sets as 64-bit masks. */
export interface CapabilitySets {
  readonly bounding: bigint;
  readonly effective: bigint;
  readonly inheritable: bigint;
  readonly permitted: bigint;
  readonly ambient: bigint;
  /** Names that were left out, sorted, each once. */
  readonly ignored: readonly string[];
}

/**
 * The sets of a process.
 *
 * @param lastCap Highest capability of the running kernel (`/proc/sys/kernel/cap_last_cap`). @default {40}
 */
export function capabilitySets(
  caps: LinuxCapabilities,
  lastCap: number = CAPABILITY_NAMES.length - 1,
): CapabilitySets {
  const ignored = new Set<string>();
  const mask = (names: readonly string[] = []): bigint => {
    let bits = 0n;
    for (const name of names) {
      const bit = capabilityBit(name);
      if (bit === undefined || bit > lastCap) ignored.add(name);
      else bits |= 1n << BigInt(bit);
    }
    return bits;
  };
  return {
    bounding: mask(caps.bounding),
    effective: mask(caps.effective),
    inheritable: mask(caps.inheritable),
    permitted: mask(caps.permitted),
    ambient: mask(caps.ambient),
    ignored: [...ignored].sort(),
  };
}

/** The capset(2) header for the calling thread: version 3, pid 0. 8 bytes. */
export function capsetHeader(): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(0, CAPABILITY_VERSION_3, true);
  return bytes;
}

/** The capset(2) data of the three sets it takes. 24 bytes. */
export function capsetData(
  sets: Pick<CapabilitySets, "effective" | "permitted" | "inheritable">,
): Uint8Array {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  [sets.effective, sets.permitted, sets.inheritable].forEach((mask, i) => {
    view.setUint32(i * 4, Number(mask & 0xffff_ffffn), true);
    view.setUint32(12 + i * 4, Number(mask >> 32n), true);
  });
  return bytes;
}

/**
 * The bits to drop from the bounding set with prctl(PR_CAPBSET_DROP), ascending.
 *
 * @param lastCap Highest capability of the running kernel; bits above it would fail with EINVAL.
 */
export function boundingDrops(bounding: bigint, lastCap: number = CAPABILITY_NAMES.length - 1): number[] {
  return bitsOf(~bounding & ((1n << BigInt(lastCap + 1)) - 1n));
}

/**
 * The bits to raise with prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE), ascending.
 *
 * A bit that is not both permitted and inheritable cannot be raised (EPERM); runc warns and goes on, so a launch
 * program must not stop at a failing raise. The sets must be applied, and ambient cleared, before.
 */
export function ambientRaises(ambient: bigint): number[] {
  return bitsOf(ambient);
}

/** The bits of a mask, ascending. */
export function bitsOf(mask: bigint): number[] {
  const bits: number[] = [];
  for (let bit = 0; bit < 64; bit++) if ((mask >> BigInt(bit)) & 1n) bits.push(bit);
  return bits;
}

/** Names of a mask, ascending; bits without a name as `CAP_<bit>`. */
export function capabilityNames(mask: bigint): string[] {
  return bitsOf(mask).map((bit) => CAPABILITY_NAMES[bit] ?? `CAP_${bit}`);
}
