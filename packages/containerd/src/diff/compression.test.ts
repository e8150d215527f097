import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { compress, decompress } from "./compression.ts";

const text = Buffer.from("some bytes, ".repeat(50_000));

async function* pieces(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function whole(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe("decompress()", () => {
  for (const [name, packed] of [
    ["plain bytes", text],
    ["gzip", gzipSync(text)],
    [
      "several gzip members",
      Buffer.concat([gzipSync(text.subarray(0, 1000)), gzipSync(text.subarray(1000))]),
    ],
    ["zstd", zstdCompressSync(text)],
    ["nothing", Buffer.alloc(0)],
  ] as const) {
    it(`gives the bytes of ${name}, told by themselves`, async () => {
      const wanted = packed.length === 0 ? packed : text;
      expect((await whole(decompress(pieces(packed, 1)))).equals(wanted)).toBe(true);
      expect((await whole(decompress(pieces(packed, 70_000)))).equals(wanted)).toBe(true);
    });
  }

  it("fails with INVALID_ARGUMENT where gzip is damaged or cut off", async () => {
    const packed = gzipSync(text);
    const damaged = Buffer.from(packed);
    damaged[500]! ^= 0xff;
    for (const bytes of [packed.subarray(0, 300), damaged]) {
      await expect(whole(decompress(pieces(bytes)))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    }
  });

  it("passes on the error of the source", async () => {
    const source = (async function* () {
      yield gzipSync(text).subarray(0, 100);
      throw new Error("connection lost");
    })();
    await expect(whole(decompress(source))).rejects.toThrow("connection lost");
  });

  it("closes the source when its taker stops early", async () => {
    let closed = false;
    const source = (async function* () {
      try {
        for (;;) yield gzipSync(text);
      } finally {
        closed = true;
      }
    })();
    for await (const _ of decompress(source)) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(closed).toBe(true);
  });
});

it("compress() is undone by decompress()", async () => {
  for (const kind of ["none", "gzip", "zstd"] as const) {
    const packed = await whole(compress(pieces(text), kind));
    expect(packed.length < text.length / 2).toBe(kind !== "none");
    expect((await whole(decompress(pieces(packed)))).equals(text)).toBe(true);
  }
});
