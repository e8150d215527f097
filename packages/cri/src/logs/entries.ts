/**
 * Entries of the engine's log, out of the byte stream in which it sends them.
 *
 * | what | bytes |
 * |---|---|
 * | time | RFC 3339 with nanoseconds, then a space |
 * | text | up to a newline, or 16,384 bytes without one: a piece of a longer line |
 *
 * A piece may also end earlier without a newline: at the end of a process, and then the next entry begins with a new
 * frame. Pieces of a terminal have no frames, so that both signs are followed.
 * Source: moby `daemon/logger/copier.go`, `api/server/httputils/write_log_stream.go`.
 *
 * @module
 */
import { LogFormatError } from "../errors.ts";

/** The longest piece of a line. Bytes. */
export const MAX_PIECE_BYTES = 16_384;

/** Longest time with its space. Bytes. */
const MAX_HEADER_BYTES = 40;

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/** One line of a container, or a piece of one. */
export interface LogEntry {
  /** When the engine read it: RFC 3339. */
  readonly time: string;
  /** Text without the newline. */
  readonly text: Uint8Array;
  /** Whether the line goes on in the next entry. */
  readonly partial: boolean;
}

/** Takes one stream (stdout or stderr) of a log apart. */
export class EntryReader {
  #rest: Buffer = Buffer.alloc(0);
  /** Time of the entry that has begun. */
  #time: string | undefined;

  /**
   * The entries that `data` completes; it is one frame, or bytes without frames if `framed` is false.
   *
   * @throws {LogFormatError} `DATA_LOSS` for an entry without a time.
   */
  *read(data: Uint8Array, framed: boolean): Generator<LogEntry> {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.length);
    if (framed && this.#time !== undefined && headerOf(bytes) !== undefined) yield* this.end();
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    for (;;) {
      if (this.#time === undefined && !this.#begin()) return;
      const entry = this.#next();
      if (entry === undefined) return;
      yield entry;
    }
  }

  /** The entry that has begun, if there is one: a line without an end. */
  *end(): Generator<LogEntry> {
    const time = this.#time;
    const text = this.#rest;
    this.#time = undefined;
    this.#rest = Buffer.alloc(0);
    if (time !== undefined && text.length > 0) yield { time, text, partial: true };
  }

  /** Reads a time; false if it has not come whole. */
  #begin(): boolean {
    const header = headerOf(this.#rest);
    if (header === undefined) {
      if (this.#rest.length < MAX_HEADER_BYTES && !this.#rest.includes(SPACE)) return false;
      throw new LogFormatError("cannot read log: an entry does not begin with a time");
    }
    this.#time = header;
    this.#rest = this.#rest.subarray(header.length + 1);
    return true;
  }

  #next(): LogEntry | undefined {
    const time = this.#time!;
    const newline = this.#rest.subarray(0, MAX_PIECE_BYTES + 1).indexOf(NEWLINE);
    if (newline < 0 && this.#rest.length < MAX_PIECE_BYTES) return undefined;
    const partial = newline < 0;
    const end = partial ? MAX_PIECE_BYTES : newline;
    const text = this.#rest.subarray(0, end);
    this.#rest = this.#rest.subarray(partial ? end : end + 1);
    this.#time = undefined;
    return { time, text: !partial && text.at(-1) === RETURN ? text.subarray(0, -1) : text, partial };
  }
}

/** The time that `bytes` begin with, if they do. */
function headerOf(bytes: Buffer): string | undefined {
  const space = bytes.subarray(0, MAX_HEADER_BYTES).indexOf(SPACE);
  if (space < 0) return undefined;
  const time = bytes.toString("latin1", 0, space);
  return timePattern.test(time) ? time : undefined;
}
