import { describe, expect, it } from "vitest";
import { encode, slotOffset } from "./encode.ts";
import { OP_KIND, OP_SIZE } from "./op.ts";
import { ProgramBuilder } from "./program.ts";
import { SYSCALLS_ARM64 } from "./syscalls_arm64.ts";
import { SYSCALLS_X64 } from "./syscalls_x64.ts";

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

describe("encode()", () => {
  it("writes one 64-byte record per operation, with the architecture's system call number", () => {
    const p = new ProgramBuilder();
    p.sys("openat", [-100, p.cstring("/x"), 0], { tolerate: ["ENOENT", "ENOTDIR"] });
    for (const [arch, numbers] of [
      ["x64", SYSCALLS_X64],
      ["arm64", SYSCALLS_ARM64],
    ] as const) {
      const image = view(encode(p.build(), arch));
      const op = image.getUint32(16, true);
      expect(image.getUint32(20, true)).toBe(1);
      expect(image.getUint8(op)).toBe(OP_KIND.syscall);
      expect(image.getUint16(op + 2, true)).toBe(0xffff);
      expect(image.getUint16(op + 8, true)).toBe(numbers.openat);
      expect(image.getUint16(op + 10, true)).toBe(0b0100);
      expect([image.getUint8(op + 12), image.getUint8(op + 13), image.getUint8(op + 14)]).toEqual([2, 20, 0]);
      expect(image.getBigInt64(op + 16, true)).toBe(-100n);
    }
  });

  it("resolves strings, slots, slot addresses, labels and pointers inside the data", () => {
    const p = new ProgramBuilder();
    const end = p.label();
    const pid = p.sys("getpid", []);
    p.sys("write", [1, p.vector(["a"]), p.addressOf(pid)], { onError: end });
    p.branch("lt", pid, 5, end);
    p.place(end);
    p.exit(pid);
    const program = p.build();
    const bytes = encode(program, "x64");
    const image = view(bytes);
    const ops = image.getUint32(16, true);
    const slot = image.getUint16(ops + 2, true);
    expect(image.getBigUint64(ops + OP_SIZE + 32, true)).toBe(BigInt(slotOffset(slot)));
    expect(image.getUint32(ops + OP_SIZE + 4, true)).toBe(3);
    expect(image.getUint8(ops + OP_SIZE + 1)).toBe(2);
    expect(image.getUint32(ops + 2 * OP_SIZE + 4, true)).toBe(3);
    expect(image.getBigUint64(ops + 3 * OP_SIZE + 16, true)).toBe(BigInt(slot));
    // The vector holds the image offset of its string, and one relocation makes an address of it.
    const vector = Number(image.getBigUint64(ops + OP_SIZE + 24, true));
    expect(image.getUint32(36, true)).toBe(1);
    expect(image.getUint32(image.getUint32(32, true), true)).toBe(vector);
    const text = Number(image.getBigUint64(vector, true));
    expect(Buffer.from(bytes.subarray(text, text + 2)).toString()).toBe("a\0");
  });

  it("keeps zeroed memory out of the file and apart from the data", () => {
    const p = new ProgramBuilder();
    const buffer = p.bss(100_000);
    p.data(1, buffer, buffer.length);
    p.cstring("after");
    const image = encode(p.build(), "arm64");
    const v = view(image);
    expect(image.length).toBeLessThan(1000);
    expect(v.getUint32(8, true)).toBe(image.length);
    expect(v.getUint32(12, true)).toBeGreaterThanOrEqual(image.length + 100_000);
    const op = v.getUint32(16, true);
    expect(v.getBigUint64(op + 32, true)).toBe(BigInt(image.length));
  });
});

describe("ProgramBuilder", () => {
  it("gives a result a slot only when something uses it", () => {
    const p = new ProgramBuilder();
    p.sys("getpid", []);
    const used = p.sys("getppid", []);
    p.value(1, used);
    const { ops } = p.build();
    expect(ops.map((op) => op.into)).toEqual([undefined, 4, undefined]);
  });

  it.each<[string, (p: ProgramBuilder) => void, string]>([
    ["a label that was never placed", (p) => p.jump(p.label()), "label never placed"],
    ["a string with a NUL byte", (p) => void p.cstring("a\0b"), "NUL"],
    ["more than six arguments", (p) => void p.sys("mmap", [1, 2, 3, 4, 5, 6, 7]), "six arguments"],
    [
      "more than four errnos",
      (p) => void p.sys("read", [], { tolerate: ["EPERM", "EIO", "EAGAIN", "EINTR", "ENOENT"] }),
      "four errnos",
    ],
    ["a label placed twice", (p) => void p.place(p.place()), "placed twice"],
  ])("refuses %s", (_, build, message) => {
    expect(() => {
      const p = new ProgramBuilder();
      build(p);
      p.build();
    }).toThrow(message);
  });
});
