/**
 * ttrpc frames: what is on the wire.
 *
 * | offset | bytes | field | value |
 * |---|---|---|---|
 * | 0 | 4 | length | of the data, big endian; at most 4 MiB |
 * | 4 | 4 | stream | big endian; odd for streams that the client opens, ever increasing |
 * | 8 | 1 | type | 1 request, 2 response, 3 data |
 * | 9 | 1 | flags | 1 remote closed, 2 remote open, 4 no data |
 * | 10 | length | data | request: `ttrpc.Request`; response: `ttrpc.Response`; data: the message itself |
 *
 * A call: request → response. A stream: request (remote closed: the client sends nothing more; remote open: data
 * frames follow, the last one flagged remote closed) → data frames, the last one flagged remote closed; a response
 * ends a stream too, always so when it failed.
 *
 * Source: containerd/ttrpc PROTOCOL.md, channel.go.
 *
 * @module
 */

/** Length of a frame's header. */
export const HEADER_BYTES = 10;

/** Greatest length of a frame's data. */
export const MAX_DATA_BYTES: number = 4 << 20;

/** The frame types that exist; others are ignored by both sides. */
export const FrameType = { request: 1, response: 2, data: 3 } as const;

/** Bits of a frame's flags. */
export const FrameFlag = { remoteClosed: 1, remoteOpen: 2, noData: 4 } as const;

/** One frame. */
export interface Frame {
  /** Odd when the client opened the stream. Range: 0 to 2³²−1. */
  readonly streamId: number;
  /** One of {@linkcode FrameType}, or a type of the future. Range: 0–255. */
  readonly type: number;
  /** Bits of {@linkcode FrameFlag}. Range: 0–255. */
  readonly flags: number;
  readonly data: Uint8Array;
  /** The announced length of a frame that was too long; its data was discarded. */
  readonly oversized?: number;
}

const none = new Uint8Array(0);

/**
 * A frame as bytes.
 *
 * @throws {RangeError} if `data` is longer than {@linkcode MAX_DATA_BYTES}.
 */
export function encodeFrame(streamId: number, type: number, flags: number, data: Uint8Array): Uint8Array {
  if (data.length > MAX_DATA_BYTES) throw new RangeError(`frame of ${data.length} bytes`);
  const bytes = new Uint8Array(HEADER_BYTES + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  view.setUint32(4, streamId);
  bytes[8] = type;
  bytes[9] = flags;
  bytes.set(data, HEADER_BYTES);
  return bytes;
}

/** Cuts a byte stream into frames; keeps what is incomplete, discards the data of frames that are too long. */
export class FrameDecoder {
  #chunks: Uint8Array[] = [];
  #held = 0;
  /** Bytes still to be discarded of a frame that was too long. */
  #skip = 0;

  /** Whether bytes of an unfinished frame are held. */
  get pending(): boolean {
    return this.#held > 0 || this.#skip > 0;
  }

  /** Takes the next bytes of the stream and gives the frames that they complete. */
  push(chunk: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    const skipped = Math.min(this.#skip, chunk.length);
    this.#skip -= skipped;
    const rest = skipped === 0 ? chunk : chunk.subarray(skipped);
    if (rest.length > 0) {
      this.#chunks.push(rest);
      this.#held += rest.length;
    }
    for (;;) {
      const frame = this.#next();
      if (frame === undefined) return frames;
      frames.push(frame);
    }
  }

  #next(): Frame | undefined {
    if (this.#held < HEADER_BYTES) return undefined;
    const header = this.#peek(HEADER_BYTES);
    const view = new DataView(header.buffer, header.byteOffset, HEADER_BYTES);
    const length = view.getUint32(0);
    const head = { streamId: view.getUint32(4), type: view.getUint8(8), flags: view.getUint8(9) };
    if (length > MAX_DATA_BYTES) {
      this.#take(HEADER_BYTES);
      const here = Math.min(length, this.#held);
      this.#take(here);
      this.#skip = length - here;
      return { ...head, data: none, oversized: length };
    }
    if (this.#held < HEADER_BYTES + length) return undefined;
    this.#take(HEADER_BYTES);
    return { ...head, data: this.#take(length) };
  }

  /** The first `n` held bytes in one piece; at least `n` must be held. */
  #peek(n: number): Uint8Array {
    const first = this.#chunks[0] ?? none;
    if (first.length >= n) return first.subarray(0, n);
    const joined = new Uint8Array(this.#held);
    let at = 0;
    for (const chunk of this.#chunks) {
      joined.set(chunk, at);
      at += chunk.length;
    }
    this.#chunks = [joined];
    return joined.subarray(0, n);
  }

  #take(n: number): Uint8Array {
    if (n === 0) return none;
    const taken = this.#peek(n);
    const first = this.#chunks[0] ?? none;
    this.#held -= n;
    if (first.length === n) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(n);
    return taken;
  }
}
