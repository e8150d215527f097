/**
 * Samples of a bench: interleaved rounds over several sides, medians, ratios.
 *
 * @module
 */

/** One side of a comparison. */
export interface Side {
  readonly name: string;
  /** Does it once; its duration is the sample. */
  run(): void | Promise<void>;
}

/** Figures of one side. Milliseconds. */
export interface Figures {
  readonly name: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly n: number;
}

/** Runs `rounds` rounds after `warmUps`; in each round every side once, in an order that rotates. */
export async function interleave(sides: readonly Side[], rounds: number, warmUps = 2): Promise<Figures[]> {
  const samples = new Map<string, number[]>(sides.map((s) => [s.name, []]));
  for (let round = -warmUps; round < rounds; round++) {
    for (let i = 0; i < sides.length; i++) {
      const side = sides[(i + Math.max(round, 0)) % sides.length];
      if (side === undefined) continue;
      const started = performance.now();
      await side.run();
      if (round >= 0) samples.get(side.name)?.push(performance.now() - started);
    }
  }
  return sides.map((s) => figures(s.name, samples.get(s.name) ?? []));
}

/** Median, least and greatest of `samples`. */
export function figures(name: string, samples: readonly number[]): Figures {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const at = (i: number): number => sorted[Math.min(Math.max(i, 0), sorted.length - 1)] ?? Number.NaN;
  const median = Number.isInteger(middle) ? (at(middle - 1) + at(middle)) / 2 : at(Math.floor(middle));
  return { name, median, min: at(0), max: at(sorted.length - 1), n: sorted.length };
}

/** A table: each side with its ratio to the first. */
export function table(title: string, rows: readonly Figures[]): string {
  const base = rows[0]?.median ?? Number.NaN;
  const lines = rows.map((r) => {
    const range = `${r.min.toFixed(1)}–${r.max.toFixed(1)}`;
    return `  ${r.name.padEnd(38)} ${r.median.toFixed(2).padStart(9)} ms  ${range.padStart(14)}  n=${r.n}  ${(r.median / base).toFixed(2)} ×`;
  });
  return [`${title}  (median, range, ratio to the first line)`, ...lines].join("\n");
}
