/**
 * What a system test needs, and why it is skipped where that is missing.
 *
 * @module
 */
import { existsSync } from "node:fs";
import process from "node:process";

/** Why tests that need root on Linux cannot run here; undefined if they can. */
export function missingRoot(): string | undefined {
  if (process.platform !== "linux") return "needs Linux";
  return process.getuid?.() === 0 ? undefined : "needs root";
}

/** Why tests that need the program at `path` cannot run here; undefined if they can. */
export function missingProgram(path: string): string | undefined {
  return existsSync(path) ? undefined : `needs ${path}`;
}

/** The text of a describe block whose tests are skipped for `reason`. */
export function titled(title: string, reason: string | undefined): string {
  return reason === undefined ? title : `${title} (skipped: ${reason})`;
}
