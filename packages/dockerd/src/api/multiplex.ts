/**
 * Multiplexed streams: stdout and stderr in one connection.
 *
 * Each piece has a header of 8 bytes:
 *
 * | byte | what |
 * |---|---|
 * | 0 | 0 stdin, 1 stdout, 2 stderr, 3 error of the engine |
 * | 1-3 | 0 |
 * | 4-7 | length of the piece, big-endian |
 *
 * Source: moby `api/pkg/stdcopy/stdcopy.go`.
 *
 * @module
 */

import { RtError } from "../errors.ts";
import type { OutputChunk } from "./engine.ts";

/** Length of the header. */
const HEADER_BYTES = 8;

/** The longest piece that we accept. */
const MAX_FRAME_BYTES = 64 * 1024 * 1024;

/** The header of a piece of `length` bytes. */
export function frameHeader(stream: OutputChunk["stream"], length: number): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  header[0] = stream === "stdout" ? 1 : 2;
  new DataView(header.buffer).setUint32(4, length);
  return header;
}

/** One piece with its header, as one buffer. */
export function encodeFrame(chunk: OutputChunk): Uint8Array {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + chunk.data.length);
  frame.writeUInt32BE(chunk.stream === "stdout" ? 0x01000000 : 0x02000000, 0);
  frame.writeUInt32BE(chunk.data.length, 4);
  frame.set(chunk.data, HEADER_BYTES);
  return frame;
}

/**
 * Takes a multiplexed stream apart again.
 *
 * @throws {RtError} `DATA_LOSS` for a stream that is not one, or that ends in the middle of a piece; `INTERNAL` with
 * the engine's text for a piece of stream 3.
 */
export async function* decodeFrames(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<OutputChunk> {
  let rest: Buffer = Buffer.alloc(0);
  let need = HEADER_BYTES;
  for await (const data of bytes) {
    rest =
      rest.length === 0
        ? Buffer.from(data.buffer, data.byteOffset, data.length)
        : Buffer.concat([rest, data]);
    while (rest.length >= HEADER_BYTES) {
      const kind = rest[0]!;
      const length = rest.readUInt32BE(4);
      if (kind > 3 || length > MAX_FRAME_BYTES) {
        throw new RtError("DATA_LOSS", `cannot read stream: unrecognized stream: ${kind}`);
      }
      need = HEADER_BYTES + length;
      if (rest.length < need) break;
      const data = rest.subarray(HEADER_BYTES, need);
      rest = rest.subarray(need);
      need = HEADER_BYTES;
      if (kind === 3) throw new RtError("INTERNAL", `error from daemon in stream: ${data.toString()}`);
      yield { stream: kind === 2 ? "stderr" : "stdout", data };
    }
  }
  if (rest.length > 0) {
    throw new RtError("DATA_LOSS", `cannot read stream: it ends after ${rest.length} of ${need} bytes`);
  }
}
