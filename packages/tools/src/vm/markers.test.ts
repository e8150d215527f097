import { describe, expect, it } from "vitest";
import { markerReader } from "./markers.ts";

const STREAM = "\nN start 1.84\nhello\nN exit 3 is not mine\nlast, without newline\nN exit 7\n";
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("markerReader()", () => {
  it("tells the command's output from the guest's own lines, however the stream is cut", () => {
    for (let size = 1; size <= STREAM.length; size++) {
      const reader = markerReader("N");
      const all = bytes(STREAM);
      let output = "";
      for (let at = 0; at < all.length; at += size) output += reader.push(all.subarray(at, at + size));
      output += reader.end();
      expect(output).toBe("hello\nN exit 3 is not mine\nlast, without newline");
      expect([reader.bootMs, reader.status]).toEqual([1840, 7]);
    }
  });

  it("has no status until the line is whole", () => {
    const reader = markerReader("N");
    expect(reader.push(bytes("\nN start 2.5\nout\nN exit 0"))).toBe("out");
    expect([reader.bootMs, reader.status]).toEqual([2500, undefined]);
    expect(reader.push(bytes("\n"))).toBe("");
    expect(reader.status).toBe(0);
  });

  it("gives back what looked like a marker and was none", () => {
    const reader = markerReader("nonce");
    expect(reader.push(bytes("a\nnon"))).toBe("a");
    expect(reader.push(bytes("sense\n"))).toBe("\nnonsense");
    expect(reader.end()).toBe("\n");
  });

  it("keeps characters whole that are cut in two", () => {
    const reader = markerReader("N");
    const [first, ...rest] = bytes("é");
    expect(reader.push(Uint8Array.of(first!)) + reader.push(Uint8Array.from(rest))).toBe("é");
  });
});
