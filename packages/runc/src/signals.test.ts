import { constants } from "node:os";
import { describe, expect, it } from "vitest";
import { parseSignal, signalName, signalNumber } from "./signals.ts";

describe("signalNumber()", () => {
  it("agrees with the engine's own table", () => {
    for (const [name, number] of Object.entries(constants.signals)) {
      expect(signalNumber(name), name).toBe(number);
    }
  });

  it("reads real-time names inside their range only", () => {
    expect(signalNumber("SIGRTMIN")).toBe(34);
    expect(signalNumber("RTMIN+3")).toBe(37);
    expect(signalNumber("rtmax-1")).toBe(63);
    expect(signalNumber("RTMIN+31")).toBeUndefined();
    expect(signalNumber("RTMIN-1")).toBeUndefined();
  });
});

describe("signalName()", () => {
  it("is the inverse for 1 to 64, but for the two that libc keeps", () => {
    for (let n = 1; n <= 64; n++) {
      const name = signalName(n);
      if (n === 32 || n === 33) expect(name).toBeUndefined();
      else expect(signalNumber(name!), name).toBe(n);
    }
    expect(signalName(0)).toBeUndefined();
    expect(signalName(65)).toBeUndefined();
  });
});

describe("parseSignal()", () => {
  it.each([
    ["9", 9],
    ["KILL", 9],
    ["sigkill", 9],
    ["Term", 15],
    ["0", 0],
    ["64", 64],
  ])("reads %s", (text, expected) => {
    expect(parseSignal(text)).toBe(expected);
  });

  it.each(["", "65", "-1", "SIGNOPE", "9x", "1.5"])("rejects %j", (text) => {
    expect(() => parseSignal(text)).toThrow(`unknown signal "${text}"`);
  });
});
