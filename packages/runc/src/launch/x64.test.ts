import { describe, expect, it } from "vitest";
import { X64 } from "./x64.ts";

/** Bytes that `emit` gives, in hexadecimal. The expected ones were read back with objdump. */
function hex(emit: (m: X64) => void): string {
  const m = new X64();
  emit(m);
  return Buffer.from(m.finish()).toString("hex");
}

describe("X64", () => {
  it.each<[string, (m: X64) => void, string]>([
    ["mov %r12,%rdi", (m) => m.mov("a0", "pc"), "4c89e7"],
    ["mov %rsp,%rax", (m) => m.mov("r", "sp"), "4889e0"],
    ["mov $0x12345678,%r11d", (m) => m.movi("t1", 0x12345678), "41bb78563412"],
    ["mov $-2,%r10", (m) => m.movi("a3", -2), "49c7c2feffffff"],
    ["add %r8,%rbx", (m) => m.alu("add", "base", "a4"), "4c01c3"],
    ["sub %rbp,%r14", (m) => m.alu("sub", "slots", "s1"), "4929ee"],
    ["imul %r11,%rax", (m) => m.alu("mul", "r", "t1"), "490fafc3"],
    ["add $-96,%rsp", (m) => m.addi("sp", -96), "4883c4a0"],
    ["add $5000,%rdx", (m) => m.addi("a2", 5000), "4881c288130000"],
    ["shl $6,%r12", (m) => m.shifti("left", "pc", 6), "49c1e406"],
    ["shr %cl,%rax", (m) => m.shiftByT0("right"), "48d3e8"],
    ["movzbl 16(%r12),%esi", (m) => m.load(8, "a1", "pc", 16), "410fb6742410"],
    ["movslq 16(%r12),%rsi", (m) => m.load("i32", "a1", "pc", 16), "4963742410"],
    ["mov 200(%rsp),%rax", (m) => m.load(64, "r", "sp", 200), "488b8424c8000000"],
    ["mov %sil,8(%r13)", (m) => m.store(8, "a1", "ops", 8), "41887508"],
    ["mov %si,8(%r13)", (m) => m.store(16, "a1", "ops", 8), "6641897508"],
    ["mov (%r14,%rcx,8),%rax", (m) => m.loadIndexed("r", "slots", "t0"), "498b44ce00"],
    ["cmp $-4095,%rax", (m) => m.cmpi("r", -4095), "4881f801f0ffff"],
    ["getpid", (m) => m.syscall("getpid"), "b8270000000f05"],
  ])("encodes %s", (_, emit, expected) => {
    expect(hex(emit)).toBe(expected);
  });

  it("jumps forwards and backwards", () => {
    expect(
      hex((m) => {
        const [back, ahead] = [m.label(), m.label()];
        m.place(back);
        m.jumpIf("uge", ahead);
        m.jump(back);
        m.place(ahead);
      }),
    ).toBe("0f8305000000e9f5ffffff");
  });

  it("refuses to finish with a label that was never placed", () => {
    const m = new X64();
    m.jump(m.label());
    expect(() => m.finish()).toThrow("label never placed");
  });
});
