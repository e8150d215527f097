import { describe, expect, it } from "vitest";
import { COMMAND, COMMAND_MAX, ENTRY, ENTRY_KIND, encodeCommand, FIELD } from "./port_wire.ts";

describe("encodeCommand()", () => {
  it("puts paths behind the entries and points to them", () => {
    const entries = [
      { kind: "path", path: "/in", flags: 0 },
      { kind: "leave" },
      { kind: "fd", fd: 9 },
    ] as const;
    const bytes = Buffer.from(
      encodeCommand({ seq: 7, command: "launch", number: 42, path: "/p", cwd: "/w", entries }),
    );
    const text = (at: number): string => bytes.subarray(at, bytes.indexOf(0, at)).toString();
    expect(bytes.readUInt32LE(FIELD.size)).toBe(bytes.length);
    expect(bytes.readUInt32LE(FIELD.seq)).toBe(7);
    expect(bytes.readUInt32LE(FIELD.command)).toBe(COMMAND.launch);
    expect(bytes.readUInt32LE(FIELD.number)).toBe(42);
    expect(text(bytes.readUInt32LE(FIELD.path))).toBe("/p");
    expect(text(bytes.readUInt32LE(FIELD.cwd))).toBe("/w");
    expect(bytes.readUInt32LE(FIELD.count)).toBe(3);
    const entry = (i: number, field: number): number =>
      bytes.readUInt32LE(FIELD.entries + i * ENTRY.size + field);
    expect([0, 1, 2].map((i) => entry(i, ENTRY.kind))).toEqual([
      ENTRY_KIND.path,
      ENTRY_KIND.leave,
      ENTRY_KIND.fd,
    ]);
    expect(text(entry(0, ENTRY.value))).toBe("/in");
    expect(entry(2, ENTRY.value)).toBe(9);
  });

  it("refuses what a FIFO would not keep whole", () => {
    expect(() => encodeCommand({ seq: 1, command: "hold", path: "x".repeat(COMMAND_MAX) })).toThrow(
      RangeError,
    );
  });
});
