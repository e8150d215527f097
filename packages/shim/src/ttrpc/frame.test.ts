import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeFrame, type Frame, FrameDecoder, HEADER_BYTES, MAX_DATA_BYTES } from "./frame.ts";

const frame = fc.record({
  streamId: fc.integer({ min: 0, max: 0xffffffff }),
  type: fc.integer({ min: 0, max: 255 }),
  flags: fc.integer({ min: 0, max: 255 }),
  data: fc.uint8Array({ maxLength: 300 }),
});

/** Feeds `bytes` in pieces that end at `cuts`. */
function decode(bytes: Uint8Array, cuts: readonly number[]): Frame[] {
  const decoder = new FrameDecoder();
  const ends = [...cuts.map((c) => c % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  const frames: Frame[] = [];
  let at = 0;
  for (const end of ends) {
    frames.push(...decoder.push(bytes.subarray(at, end)));
    at = end;
  }
  return frames;
}

describe("FrameDecoder", () => {
  test("FrameDecoder gives back what encodeFrame wrote, however the bytes are cut", () => {
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 8 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (frames, cuts) => {
          const bytes = Buffer.concat(frames.map((f) => encodeFrame(f.streamId, f.type, f.flags, f.data)));
          expect(decode(bytes, cuts).map((f) => ({ ...f, data: [...f.data] }))).toEqual(
            frames.map((f) => ({ ...f, data: [...f.data] })),
          );
        },
      ),
    );
  });

  test("FrameDecoder writes the header as PROTOCOL.md has it", () => {
    expect([...encodeFrame(0x01020305, 2, 4, new Uint8Array([9, 8]))]).toEqual([
      0, 0, 0, 2, 1, 2, 3, 5, 2, 4, 9, 8,
    ]);
  });

  test("FrameDecoder discards an oversized frame and goes on with the next", () => {
    const big = new Uint8Array(HEADER_BYTES + MAX_DATA_BYTES + 1);
    new DataView(big.buffer).setUint32(0, MAX_DATA_BYTES + 1);
    big[7] = 1;
    const next = encodeFrame(3, 1, 0, new Uint8Array([1]));
    const frames = decode(Buffer.concat([big, next]), [7, 100, 3_000_000, big.length - 1]);
    expect(frames.map((f) => [f.streamId, f.oversized])).toEqual([
      [1, MAX_DATA_BYTES + 1],
      [3, undefined],
    ]);
  });

  test("FrameDecoder takes any bytes without throwing", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(), { maxLength: 10 }), (bytes, cuts) => {
        decode(bytes, cuts);
      }),
    );
  });

  test("encodeFrame refuses more than 4 MiB", () => {
    expect(() => encodeFrame(1, 1, 0, new Uint8Array(MAX_DATA_BYTES + 1))).toThrow(RangeError);
  });
});
