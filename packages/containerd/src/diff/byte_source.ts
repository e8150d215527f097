/**
 * Takes exact numbers of bytes from a stream of chunks, copying only where a request crosses two chunks.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { ArchiveError } from "./errors.ts";

const EMPTY = Buffer.alloc(0);

/** A cursor over an asynchronous stream of bytes. */
export class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Buffer = EMPTY;
  #at = 0;
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /**
   * Exactly `count` bytes, valid until the next call; undefined if the stream ends before the first.
   *
   * @throws {ArchiveError} `INVALID_ARGUMENT` if the stream ends in their midst.
   */
  async take(count: number): Promise<Buffer | undefined> {
    if (this.#chunk.length - this.#at >= count) return this.#slice(count);
    if (this.#at === this.#chunk.length && !(await this.#more())) return undefined;
    if (this.#chunk.length - this.#at >= count) return this.#slice(count);
    const out = Buffer.allocUnsafe(count);
    let filled = 0;
    while (filled < count) {
      const piece = await this.some(count - filled);
      if (piece === undefined) throw new ArchiveError("unexpected end of archive");
      out.set(piece, filled);
      filled += piece.length;
    }
    return out;
  }

  /** Between one and `limit` bytes, without copying; undefined at the end. */
  async some(limit: number): Promise<Buffer | undefined> {
    if (this.#at === this.#chunk.length && !(await this.#more())) return undefined;
    return this.#slice(Math.min(limit, this.#chunk.length - this.#at));
  }

  /**
   * Passes over `count` bytes.
   *
   * @throws {ArchiveError} `INVALID_ARGUMENT` if the stream ends before.
   */
  async skip(count: number): Promise<void> {
    let left = count;
    while (left > 0) {
      const piece = await this.some(left);
      if (piece === undefined) throw new ArchiveError("unexpected end of archive");
      left -= piece.length;
    }
  }

  /** Reads the stream to its end. */
  async drain(): Promise<void> {
    this.#at = this.#chunk.length;
    while (await this.#more()) this.#at = this.#chunk.length;
  }

  #slice(count: number): Buffer {
    const from = this.#at;
    this.#at += count;
    return this.#chunk.subarray(from, this.#at);
  }

  async #more(): Promise<boolean> {
    while (!this.#ended) {
      const { done, value } = await this.#chunks.next();
      if (done) {
        this.#ended = true;
        this.#chunk = EMPTY;
        this.#at = 0;
        return false;
      }
      if (value.length > 0) {
        this.#chunk = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
        this.#at = 0;
        return true;
      }
    }
    return false;
  }
}
