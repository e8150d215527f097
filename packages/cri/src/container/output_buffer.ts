/**
 * Output of a command, up to a limit.
 *
 * @module
 */

/** The most that is kept of one stream. Bytes; CVE-2022-1708. */
export const MAX_OUTPUT_BYTES: number = 16 * 1024 * 1024;

/** Keeps the first bytes that it is given and drops the rest. */
export class OutputBuffer {
  readonly #chunks: Uint8Array[] = [];
  readonly #limit: number;
  #length = 0;

  /** Makes a buffer of at most `limit` bytes. */
  constructor(limit: number = MAX_OUTPUT_BYTES) {
    this.#limit = limit;
  }

  /** Adds `data`, or what there is room for. */
  add(data: Uint8Array): void {
    const kept = data.subarray(0, this.#limit - this.#length);
    if (kept.length === 0) return;
    // A copy: the piece may be a view of a much larger buffer.
    this.#chunks.push(kept.slice());
    this.#length += kept.length;
  }

  /** What was kept. */
  bytes(): Uint8Array {
    return Buffer.concat(this.#chunks, this.#length);
  }
}
