import fc from "fast-check";
import { expect, test } from "vitest";
import { hasCode } from "../errors.ts";
import type { OutputChunk } from "./engine.ts";
import { decodeFrames, encodeFrame } from "./multiplex.ts";

async function* pieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

const chunk: fc.Arbitrary<OutputChunk> = fc.record({
  stream: fc.constantFrom("stdout" as const, "stderr" as const),
  data: fc.uint8Array({ maxLength: 300 }),
});

test("encodeFrame() writes stream, three zeros and a big-endian length before the data", () => {
  expect([...encodeFrame({ stream: "stderr", data: Uint8Array.of(7, 8) })]).toEqual([
    2, 0, 0, 0, 0, 0, 0, 2, 7, 8,
  ]);
});

test("decodeFrames() gives back what was encoded, however it is cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(chunk),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      async (chunks, sizes) => {
        const bytes = Buffer.concat(chunks.map(encodeFrame));
        const out: OutputChunk[] = [];
        for await (const c of decodeFrames(pieces(bytes, sizes))) out.push(c);
        expect(out.map((c) => [c.stream, [...c.data]])).toEqual(chunks.map((c) => [c.stream, [...c.data]]));
      },
    ),
  );
});

test.each([
  ["ends within a frame", [1, 0, 0, 0, 0, 0, 0, 9, 1]],
  ["has an unknown stream", [9, 0, 0, 0, 0, 0, 0, 0]],
  ["is too long", [1, 0, 0, 0, 255, 255, 255, 255]],
])("decodeFrames() rejects with DATA_LOSS when the stream %s", async (_what, bytes) => {
  const read = async (): Promise<void> => {
    for await (const _ of decodeFrames(pieces(Uint8Array.from(bytes), [3])));
  };
  await expect(read()).rejects.toSatisfy((err) => hasCode(err, "DATA_LOSS"));
});

test("decodeFrames() rejects with the engine's text for a frame of stream 3", async () => {
  const text = Buffer.from("no log");
  const bytes = Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 0, 0, text.length]), text]);
  const read = async (): Promise<void> => {
    for await (const _ of decodeFrames(pieces(bytes, [99])));
  };
  await expect(read()).rejects.toThrow("error from daemon in stream: no log");
});
