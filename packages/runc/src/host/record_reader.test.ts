import { describe, expect, it } from "vitest";
import { ProgramBuilder, RECORD_KIND } from "../launch/program.ts";
import { interpretRecord, RecordSplitter } from "./record_reader.ts";

function record(kind: number, tag: number, value: bigint, data = ""): Uint8Array {
  const bytes = Buffer.alloc(24 + data.length);
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeUInt32LE(kind, 4);
  bytes.writeUInt32LE(5, 8);
  bytes.writeUInt32LE(tag, 12);
  bytes.writeBigInt64LE(value, 16);
  bytes.write(data, 24, "latin1");
  return bytes;
}

describe("RecordSplitter", () => {
  it("gives the same records however the stream is cut", () => {
    const stream = Buffer.concat([record(2, 1, -7n), record(0x8000_0003, 2, 0n, "abc"), record(1, 9, 13n)]);
    for (let size = 1; size <= stream.length; size++) {
      const splitter = new RecordSplitter();
      const records = [];
      for (let at = 0; at < stream.length; at += size)
        records.push(...splitter.push(stream.subarray(at, at + size)));
      expect(records.map((r) => [r.kind, r.seq, r.tag, r.value, Buffer.from(r.bytes).toString()])).toEqual([
        [2, 5, 1, -7n, ""],
        [3, 5, 2, 0n, "abc"],
        [1, 5, 9, 13n, ""],
      ]);
    }
  });

  it("refuses a record that cannot be one", () => {
    expect(() => new RecordSplitter().push(new Uint8Array(24))).toThrow(RangeError);
  });
});

describe("interpretRecord()", () => {
  const p = new ProgramBuilder();
  p.sys("mount", [], { name: "mount proc on /proc" });
  const program = p.build();
  const raw = { kind: RECORD_KIND.failure, seq: 0, tag: 0, value: 1n, bytes: new Uint8Array(0) };

  it("names the step that failed", () => {
    const failure = { kind: "failure", op: 0, name: "mount proc on /proc", syscall: "mount", errno: 1 };
    expect(interpretRecord(program, raw)).toEqual(failure);
  });

  it("says so when the program could not be loaded, and ignores the port's own records", () => {
    expect(interpretRecord(program, { ...raw, tag: 0xffff_ffff })).toMatchObject({
      name: "load launch program",
    });
    expect(interpretRecord(program, { ...raw, kind: RECORD_KIND.started })).toBeUndefined();
  });
});
