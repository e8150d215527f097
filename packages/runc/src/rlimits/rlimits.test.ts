import { describe, expect, it } from "vitest";
import { RLIM_INFINITY, resolveRlimits } from "./rlimits.ts";

describe("resolveRlimits()", () => {
  it("gives numbers and bytes", () => {
    const [nofile, core] = resolveRlimits([
      { type: "RLIMIT_NOFILE", soft: 1024, hard: 4096 },
      { type: "RLIMIT_CORE", soft: 0, hard: -1 },
    ]);
    expect(nofile?.resource).toBe(7);
    expect([...new BigUint64Array(nofile!.bytes.buffer)]).toEqual([1024n, 4096n]);
    expect(core?.resource).toBe(4);
    expect([...new BigUint64Array(core!.bytes.buffer)]).toEqual([0n, RLIM_INFINITY]);
  });

  it("reads 2^64-1 as no limit, though JSON rounds it", () => {
    const [limit] = resolveRlimits([
      { type: "RLIMIT_NPROC", soft: JSON.parse("18446744073709551615"), hard: RLIM_INFINITY },
    ]);
    expect([...new BigUint64Array(limit!.bytes.buffer)]).toEqual([RLIM_INFINITY, RLIM_INFINITY]);
  });

  it.each([
    [[{ type: "RLIMIT_NOPE", soft: 1, hard: 1 }], "wrong rlimit value: RLIMIT_NOPE"],
    [[{ type: "RLIMIT_CPU", soft: 2, hard: 1 }], "soft 2 is above hard 1"],
    [
      [
        { type: "RLIMIT_CPU", soft: 1, hard: 1 },
        { type: "RLIMIT_CPU", soft: 1, hard: 1 },
      ],
      "RLIMIT_CPU: it is given twice",
    ],
  ])("rejects %j", (limits, text) => {
    expect(() => resolveRlimits(limits)).toThrow(text);
  });
});
