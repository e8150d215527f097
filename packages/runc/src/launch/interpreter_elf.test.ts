import { describe, expect, it } from "vitest";
import { ELF_MACHINE } from "./encode.ts";
import { interpreterElf } from "./interpreter_elf.ts";

describe.each(["x64", "arm64"] as const)("interpreterElf(%s)", (arch) => {
  const elf = Buffer.from(interpreterElf(arch));
  const segments = Array.from({ length: elf.readUInt16LE(56) }, (_, i) => {
    const at = 64 + i * 56;
    return {
      type: elf.readUInt32LE(at),
      flags: elf.readUInt32LE(at + 4),
      size: Number(elf.readBigUInt64LE(at + 40)),
    };
  });

  it("is a position-independent ELF file of its machine, with the entry inside", () => {
    expect(elf.subarray(0, 6).toString("latin1")).toBe("\x7fELF\x02\x01");
    expect(elf.readUInt16LE(16)).toBe(3);
    expect(elf.readUInt16LE(18)).toBe(ELF_MACHINE[arch]);
    expect(Number(elf.readBigUInt64LE(24))).toBeLessThan(elf.length);
  });

  it("has no segment that is both writable and executable, and a stack that is not executable", () => {
    for (const segment of segments) expect(segment.flags & 3).not.toBe(3);
    expect(segments.find((s) => s.type === 0x6474e551)?.flags).toBe(6);
    expect(segments.find((s) => s.type === 1)).toEqual({ type: 1, flags: 5, size: elf.length });
  });

  it("fits in one page", () => {
    expect(elf.length).toBeLessThan(4096);
  });
});
