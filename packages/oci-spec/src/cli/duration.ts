/**
 * Durations as Go writes them: `300ms`, `1.5h`, `2h45m`.
 *
 * Source: Go `time/format.go` ParseDuration.
 *
 * @module
 */

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Milliseconds of a duration such as `1m30s`; undefined if the text is none. A bare `0` is one, a bare `5` is not. */
export function parseDuration(text: string): number | undefined {
  const [, sign = "", rest = ""] = /^([+-]?)(.*)$/.exec(text) ?? [];
  if (rest === "0") return 0;
  if (rest.length > 100 || !/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(rest)) return undefined;
  let ms = 0;
  for (const [, value, unit] of rest.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    ms += Number(value) * unitMs[unit!]!;
  }
  return sign === "-" ? -ms : ms;
}
