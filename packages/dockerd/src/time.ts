/**
 * Times as Go writes them: RFC 3339 with up to nine digits, without trailing zeros.
 *
 * @module
 */
import { InvalidParameterError } from "./errors.ts";

/** Go's zero time. */
export const ZERO_TIME = "0001-01-01T00:00:00Z";

/** A clock with nanoseconds since the epoch. */
export type NanoClock = () => bigint;

/** How far the fine clock may be from the wall clock before it is set again. Nanoseconds. */
const MAX_DRIFT = 2_000_000n;

/** A clock that follows the wall clock, finer than its milliseconds, and never goes back. */
export function createNanoClock(): NanoClock {
  let base = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
  let last = 0n;
  return () => {
    const wall = BigInt(Date.now()) * 1_000_000n;
    const fine = process.hrtime.bigint();
    const drift = base + fine - wall;
    if (drift < 0n || drift > MAX_DRIFT) base = wall - fine;
    const now = base + fine;
    last = now > last ? now : last + 1n;
    return last;
  };
}

/** Nanoseconds since the epoch as RFC 3339 with nanoseconds, e.g. `2026-01-01T00:00:00.5Z`. */
export function formatNano(nanoseconds: bigint): string {
  const seconds = new Date(Number(nanoseconds / 1_000_000n)).toISOString().slice(0, 19);
  const fraction = (nanoseconds % 1_000_000_000n).toString().padStart(9, "0").replace(/0+$/, "");
  return fraction === "" ? `${seconds}Z` : `${seconds}.${fraction}Z`;
}

/** As {@linkcode formatNano} with all nine digits, as log lines have it. */
export function formatNanoFixed(nanoseconds: bigint): string {
  const seconds = new Date(Number(nanoseconds / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${(nanoseconds % 1_000_000_000n).toString().padStart(9, "0")}Z`;
}

/** Nanoseconds since the epoch of an RFC 3339 time. @throws {InvalidParameterError}. */
export function parseNano(text: string): bigint {
  const match = /^(.*?)(?:\.([0-9]{1,9}))?(Z|[+-][0-9]{2}:[0-9]{2})?$/.exec(text);
  const milliseconds = match === null ? Number.NaN : Date.parse(`${match[1]}${match[3] ?? "Z"}`);
  if (match === null || Number.isNaN(milliseconds)) {
    throw new InvalidParameterError(`parsing time ${JSON.stringify(text)}: cannot parse`);
  }
  return BigInt(milliseconds) * 1_000_000n + BigInt((match[2] ?? "").padEnd(9, "0"));
}

/**
 * A time of a query: Unix seconds with an optional fraction, or RFC 3339.
 *
 * @throws {InvalidParameterError} with Go's text.
 */
export function parseTimestamp(text: string): bigint {
  const match = /^(-?[0-9]+)(?:\.([0-9]{1,9}))?$/.exec(text);
  if (match !== null) {
    return BigInt(match[1]!) * 1_000_000_000n + BigInt((match[2] ?? "").padEnd(9, "0"));
  }
  return parseNano(text);
}
