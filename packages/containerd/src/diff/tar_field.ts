/**
 * Fields of a tar header block: octal and base-256 numbers, NUL-ended text, the checksum.
 *
 * Source: POSIX.1-2017 pax "ustar Interchange Format"; GNU tar manual, "Extensions" (base-256).
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import { ArchiveError } from "./errors.ts";

/**
 * Reads the number in `length` bytes at `offset`: octal text, or base-256 where the first bit is set.
 *
 * @throws {ArchiveError} `INVALID_ARGUMENT` if it is neither, or beyond 2^53.
 */
export function parseNumber(block: Buffer, offset: number, length: number): number {
  const first = block[offset]!;
  if (first & 0x80) return parseBase256(block, offset, length);
  let at = offset;
  const end = offset + length;
  while (at < end && (block[at] === 0x20 || block[at] === 0)) at++;
  let value = 0;
  for (; at < end; at++) {
    const digit = block[at]! - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  // Only padding may follow the digits.
  for (; at < end; at++) {
    if (block[at] === 0) break;
    if (block[at] !== 0x20) throw new ArchiveError("a header's number is not octal");
  }
  return value;
}

function parseBase256(block: Buffer, offset: number, length: number): number {
  const negative = (block[offset]! & 0x40) !== 0;
  let value = BigInt(block[offset]! & 0x7f);
  for (let i = 1; i < length; i++) value = (value << 8n) | BigInt(block[offset + i]!);
  if (negative) value -= 1n << BigInt(length * 8 - 1);
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new ArchiveError("a header's number is too large");
  return number;
}

/** The text of at most `length` bytes at `offset`, up to the first NUL, as a binary string. */
export function parseText(block: Buffer, offset: number, length: number): string {
  const end = block.indexOf(0, offset);
  return block.toString("latin1", offset, end < 0 || end > offset + length ? offset + length : end);
}

/** Whether all 512 bytes are zero. */
export function isZeroBlock(block: Buffer): boolean {
  if (block[0] !== 0) return false;
  for (let i = 0; i < 512; i++) if (block[i] !== 0) return false;
  return true;
}

/**
 * Checks the block's sum, which counts its own eight bytes as spaces.
 *
 * @throws {ArchiveError} `INVALID_ARGUMENT` if neither the unsigned nor the old signed sum fits.
 */
export function verifyChecksum(block: Buffer): void {
  let unsigned = 256;
  let signed = 256;
  for (let i = 0; i < 512; i++) {
    if (i === 148) i = 156;
    const byte = block[i]!;
    unsigned += byte;
    signed += byte < 128 ? byte : byte - 256;
  }
  if (/^[ \0]*[0-7]+[ \0]/.test(block.toString("latin1", 148, 156))) {
    const stored = parseNumber(block, 148, 8);
    if (stored === unsigned || stored === signed) return;
  }
  throw new ArchiveError("invalid tar header");
}
