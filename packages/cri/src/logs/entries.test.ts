import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EntryReader, type LogEntry, MAX_PIECE_BYTES } from "./entries.ts";

const T = "2026-11-20T22:00:00.000000001Z";
const U = "2026-11-20T22:00:00.000000002Z";

function read(frames: readonly string[], framed = true): string[][] {
  const reader = new EntryReader();
  const all: LogEntry[] = [];
  for (const frame of frames) all.push(...reader.read(Buffer.from(frame), framed));
  all.push(...reader.end());
  return all.map((e) => [e.time, Buffer.from(e.text).toString(), e.partial ? "P" : "F"]);
}

describe("EntryReader", () => {
  test("reads lines, empty ones too", () => {
    expect(read([`${T} one\n`, `${U} \n`])).toEqual([
      [T, "one", "F"],
      [U, "", "F"],
    ]);
  });

  test("reads pieces of a long line with one time", () => {
    const piece = "x".repeat(MAX_PIECE_BYTES);
    expect(read([`${T} ${piece}`, `${T} tail\n`])).toEqual([
      [T, piece, "P"],
      [T, "tail", "F"],
    ]);
    expect(read([`${T} ${piece}\n`])).toEqual([[T, piece, "F"]]);
  });

  test("ends an unfinished line at the next frame and at the end", () => {
    expect(read([`${T} half`, `${U} next\n`, `${U} last`])).toEqual([
      [T, "half", "P"],
      [U, "next", "F"],
      [U, "last", "P"],
    ]);
  });

  test("drops the return of a terminal, and only at the end of a line", () => {
    expect(read([`${T} one\r\n${U} a\rb\r\n`], false)).toEqual([
      [T, "one", "F"],
      [U, "a\rb", "F"],
    ]);
  });

  test("reads the same however a stream is cut", () => {
    const stream = `${T} one\n${U} ${"y".repeat(MAX_PIECE_BYTES)}${U} é 2026-01-01T00:00:00Z x\n${T} end\n`;
    const bytes = Buffer.from(stream);
    const whole = read([stream], false);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 8 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const reader = new EntryReader();
        const all: LogEntry[] = [];
        for (let i = 1; i < at.length; i++) all.push(...reader.read(bytes.subarray(at[i - 1], at[i]), false));
        all.push(...reader.end());
        expect(all.map((e) => [e.time, Buffer.from(e.text).toString(), e.partial ? "P" : "F"])).toEqual(
          whole,
        );
      }),
      { numRuns: 50 },
    );
  });

  test("rejects what does not begin with a time", () => {
    expect(() => read(["Error: something the engine says\n"])).toThrow(/does not begin with a time/);
    expect(() => read(["x".repeat(100)])).toThrow(/does not begin with a time/);
  });
});
