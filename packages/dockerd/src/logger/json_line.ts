/**
 * Lines of the json-file driver: `{"log":"…\n","stream":"stdout","time":"…"}`.
 *
 * Escapes as Go's encoder: `<`, `>` and `&` too, U+2028 and U+2029, control characters as `\u00XX` but for newline
 * and carriage return; what is not UTF-8 becomes U+FFFD. Lines longer than 16 KiB are cut into parts, of which only
 * the last has the newline.
 * Source: moby `daemon/logger/jsonfilelog/jsonlog/jsonlogbytes.go`, `daemon/logger/copier.go`.
 *
 * @module
 */
import { isUtf8 } from "node:buffer";
import type { OutputChunk } from "../api/engine.ts";
import { parseNano } from "../time.ts";
import type { LogEntry } from "./logger.ts";

/** Longest part of a line. Bytes. */
export const PART_BYTES: number = 16 * 1024;

/** Most bytes that one byte can become: `\u00XX`. */
const GROWTH = 6;

const HEAD = Buffer.from('{"log":"');

/** Bytes that cannot stand in a JSON text as they are; E2 begins U+2028 and U+2029. */
function specialBytes(): Uint8Array {
  const special = new Uint8Array(256);
  special.fill(1, 0, 0x20);
  for (const c of '"\\<>&') special[c.charCodeAt(0)] = 1;
  special[0xe2] = 1;
  return special;
}

/** Encodes output into one buffer of its own, which the next call uses again. */
export class LineEncoder {
  readonly #special = specialBytes();
  #out: Buffer = Buffer.allocUnsafe(64 * 1024);
  #at = 0;

  /**
   * Encodes `data` as lines of the log; what follows its last newline becomes a part without newline.
   *
   * @returns A view that is valid until the next call.
   */
  encode(data: Uint8Array, stream: OutputChunk["stream"], time: string): Uint8Array {
    const source = isUtf8(data) ? data : Buffer.from(Buffer.from(data).toString("utf8"));
    const tail = Buffer.from(`","stream":"${stream}","time":"${time}"}\n`);
    this.#at = 0;
    this.#reserve(source.length * GROWTH + (HEAD.length + tail.length) * (1 + source.length / PART_BYTES));
    const special = this.#special;
    let start = 0;
    let open = false;
    let out = this.#out;
    let at = 0;
    for (let i = 0; i < source.length; i++) {
      if (!open) {
        if (out.length - at < (source.length - i) * GROWTH + HEAD.length + tail.length) {
          this.#at = at;
          this.#reserve((source.length - i) * GROWTH + (HEAD.length + tail.length) * 64);
          out = this.#out;
        }
        out.set(HEAD, at);
        at += HEAD.length;
        start = i;
        open = true;
      }
      const c = source[i]!;
      if (special[c] === 0) out[at++] = c;
      else if (c === 10) {
        out[at++] = 0x5c;
        out[at++] = 0x6e;
        out.set(tail, at);
        at += tail.length;
        open = false;
        continue;
      } else if (c !== 0xe2) at = escapeByte(out, at, c);
      else if (source[i + 1] === 0x80 && (source[i + 2] === 0xa8 || source[i + 2] === 0xa9)) {
        out.write(source[i + 2] === 0xa8 ? "\\u2028" : "\\u2029", at, "latin1");
        at += GROWTH;
        i += 2;
      } else out[at++] = c;
      // A part ends before the next character, never within one, and not before a newline.
      const next = source[i + 1] ?? 0;
      if (i + 1 - start >= PART_BYTES && next !== 10 && (next & 0xc0) !== 0x80) {
        out.set(tail, at);
        at += tail.length;
        open = false;
      }
    }
    if (open) {
      out.set(tail, at);
      at += tail.length;
    }
    return out.subarray(0, at);
  }

  /** Makes room for `bytes` more, keeping what is there. */
  #reserve(bytes: number): void {
    const needed = this.#at + Math.ceil(bytes);
    if (this.#out.length >= needed) return;
    const grown = Buffer.allocUnsafe(needed);
    grown.set(this.#out.subarray(0, this.#at));
    this.#out = grown;
  }
}

const HEX = Buffer.from("0123456789abcdef");

/** Writes a byte below 0x80 escaped; returns where the next goes. */
function escapeByte(out: Uint8Array, at: number, c: number): number {
  let next = at;
  out[next++] = 0x5c;
  if (c === 0x22 || c === 0x5c) out[next++] = c;
  else if (c === 13) out[next++] = 0x72;
  else {
    out[next++] = 0x75;
    out[next++] = 0x30;
    out[next++] = 0x30;
    out[next++] = HEX[c >> 4]!;
    out[next++] = HEX[c & 15]!;
  }
  return next;
}

/** Reads one line of the log; undefined if it is torn. */
export function decodeLine(line: string): LogEntry | undefined {
  try {
    const { log, stream, time } = JSON.parse(line) as { log?: string; stream?: string; time?: string };
    return {
      line: Buffer.from(log ?? ""),
      stream: stream === "stderr" ? "stderr" : "stdout",
      time: parseNano(time ?? ""),
    };
  } catch {
    return undefined;
  }
}
