import { describe, expect, it } from "vitest";
import { Arm64 } from "./arm64.ts";

/** Words that `emit` gives. The expected ones were read back with objdump. */
function words(emit: (m: Arm64) => void): string[] {
  const m = new Arm64();
  emit(m);
  const bytes = Buffer.from(m.finish());
  return Array.from({ length: bytes.length / 4 }, (_, i) =>
    bytes
      .readUInt32LE(i * 4)
      .toString(16)
      .padStart(8, "0"),
  );
}

describe("Arm64", () => {
  it.each<[string, (m: Arm64) => void, string[]]>([
    ["mov x0, x20", (m) => m.mov("a0", "pc"), ["aa1403e0"]],
    ["mov sp, x6", (m) => m.mov("sp", "r"), ["910000df"]],
    ["mov x10, 0x12345678", (m) => m.movi("t1", 0x12345678), ["d28acf0a", "f2a2468a"]],
    ["mov x3, -2", (m) => m.movi("a3", -2), ["92800023"]],
    ["mov x6, -70000", (m) => m.movi("r", -70000), ["92822de6", "f2bfffc6"]],
    ["sub x22, x22, x24", (m) => m.alu("sub", "slots", "s1"), ["cb1802d6"]],
    ["mul x6, x6, x10", (m) => m.alu("mul", "r", "t1"), ["9b0a7cc6"]],
    ["sub sp, sp, 96", (m) => m.addi("sp", -96), ["d10183ff"]],
    ["lsl x20, x20, 6", (m) => m.shifti("left", "pc", 6), ["d37ae694"]],
    ["lsr x0, x0, 6", (m) => m.shifti("right", "a0", 6), ["d346fc00"]],
    ["udiv, msub, mov", (m) => m.divideByT0(), ["9ac908ca", "9b099942", "aa0a03e6"]],
    ["ldrb w1, [x20, 16]", (m) => m.load(8, "a1", "pc", 16), ["39404281"]],
    ["ldrsw x1, [x20, 16]", (m) => m.load("i32", "a1", "pc", 16), ["b9801281"]],
    ["strh w1, [x21, 8]", (m) => m.store(16, "a1", "ops", 8), ["790012a1"]],
    ["ldr x6, [x22, x9, lsl 3]", (m) => m.loadIndexed("r", "slots", "t0"), ["f8697ac6"]],
    ["cmn x6, 4095", (m) => m.cmpi("r", -4095), ["b13ffcdf"]],
    ["getpid", (m) => m.syscall("getpid"), ["d2801588", "d4000001", "aa0003e6"]],
    [
      "a routine",
      (m) => {
        m.beginRoutine(64);
        m.endRoutine(64);
      },
      ["f81f0ffe", "d10103ff", "910103ff", "f84107fe", "d65f03c0"],
    ],
  ])("encodes %s", (_, emit, expected) => {
    expect(words(emit)).toEqual(expected);
  });

  it("jumps forwards and backwards", () => {
    expect(
      words((m) => {
        const [back, ahead] = [m.label(), m.label()];
        m.place(back);
        m.jumpIf("lt", ahead);
        m.jump(back);
        m.place(ahead);
      }),
    ).toEqual(["5400004b", "17ffffff"]);
  });

  it("refuses an offset that the instruction cannot hold", () => {
    expect(() => words((m) => m.load(64, "r", "sp", 4))).toThrow(RangeError);
  });
});
