/**
 * Times: RFC 3339 with nanoseconds, and nanoseconds since 1970 as the CRI counts.
 *
 * @module
 */

const pattern = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)$/;

/** Nanoseconds since 1970 of an RFC 3339 time; 0 for Go's zero time and for what is no time. */
export function nanosOf(time: string | undefined): bigint {
  const match = pattern.exec(time ?? "");
  if (match === null) return 0n;
  const [, seconds, fraction = "", zone] = match;
  const ms = Date.parse(`${seconds}${zone}`);
  if (Number.isNaN(ms) || ms < 0) return 0n;
  return BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}

/** Unix seconds with nine digits of fraction, as the engine's `since` takes it. */
export function sinceOf(nanos: bigint): string {
  return `${nanos / 1_000_000_000n}.${String(nanos % 1_000_000_000n).padStart(9, "0")}`;
}

/** Nanoseconds since 1970, now. */
export function nowNanos(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
