import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CAPABILITY_NAMES, capabilityBit, capabilityName } from "./names.ts";
import {
  ambientRaises,
  boundingDrops,
  capabilityNames,
  capabilitySets,
  capsetData,
  capsetHeader,
} from "./sets.ts";

describe("capabilityBit()", () => {
  it("agrees with the kernel's numbers at both ends and in the middle", () => {
    expect(CAPABILITY_NAMES).toHaveLength(41);
    expect(CAPABILITY_NAMES.map((name) => capabilityBit(name))).toEqual(CAPABILITY_NAMES.map((_, i) => i));
    expect(capabilityBit("CAP_CHOWN")).toBe(0);
    expect(capabilityBit("CAP_SETPCAP")).toBe(8);
    expect(capabilityBit("CAP_SYS_ADMIN")).toBe(21);
    expect(capabilityBit("CAP_SETFCAP")).toBe(31);
    expect(capabilityBit("CAP_SYSLOG")).toBe(34);
    expect(capabilityName(40)).toBe("CAP_CHECKPOINT_RESTORE");
    expect(capabilityBit("cap_chown")).toBeUndefined();
  });

  it("agrees with the header of the build machine, when there is one", (t) => {
    let header: string;
    try {
      header = readFileSync("/usr/include/linux/capability.h", "utf8");
    } catch {
      return t.skip("no /usr/include/linux/capability.h");
    }
    const pairs = [...header.matchAll(/^#define (CAP_[A-Z_]+)\s+(\d+)$/gm)];
    expect(pairs.length).toBeGreaterThan(37);
    for (const [, name, bit] of pairs) expect(capabilityBit(name!), name).toBe(Number(bit));
  });
});

describe("capabilitySets()", () => {
  it("makes the five masks and reports what it leaves out", () => {
    const sets = capabilitySets(
      {
        bounding: ["CAP_CHOWN", "CAP_SYSLOG", "CAP_NOPE"],
        effective: ["CAP_CHOWN"],
        permitted: ["CAP_CHOWN", "CAP_BPF"],
        ambient: ["CAP_NOPE"],
      },
      38,
    );
    expect(sets).toEqual({
      bounding: 1n | (1n << 34n),
      effective: 1n,
      permitted: 1n,
      inheritable: 0n,
      ambient: 0n,
      ignored: ["CAP_BPF", "CAP_NOPE"],
    });
  });
});

describe("capsetData()", () => {
  it("lays out two triples of words", () => {
    const data = capsetData({ effective: 1n, permitted: 3n | (1n << 34n), inheritable: 1n << 40n });
    const words = new Uint32Array(data.buffer);
    expect([...words]).toEqual([1, 3, 0, 0, 4, 256]);
    expect([...new Uint32Array(capsetHeader().buffer)]).toEqual([0x20080522, 0]);
  });
});

describe("boundingDrops()", () => {
  it("lists every bit of the kernel that is not kept", () => {
    expect(boundingDrops(0b101n, 3)).toEqual([1, 3]);
    expect(boundingDrops((1n << 41n) - 1n)).toEqual([]);
    expect(boundingDrops(0n)).toHaveLength(41);
  });
});

describe("ambientRaises()", () => {
  it("lists the bits; capabilityNames() names them", () => {
    expect(ambientRaises(0b1001n)).toEqual([0, 3]);
    expect(capabilityNames(0b1001n | (1n << 60n))).toEqual(["CAP_CHOWN", "CAP_FOWNER", "CAP_60"]);
  });
});
