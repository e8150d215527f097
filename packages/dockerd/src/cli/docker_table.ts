/**
 * Tables of rt-docker, and the shape of its commands.
 *
 * @module
 */
import type { Engine } from "../api/engine.ts";

/** A command: what follows its name, to an exit code. */
export type Command = (engine: Engine, argv: readonly string[]) => Promise<number>;

/** Rows as columns that are as wide as their widest cell. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  }
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("   ")
        .trimEnd(),
    )
    .join("\n");
}
