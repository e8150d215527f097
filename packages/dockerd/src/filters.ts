/**
 * Filters that several nouns share.
 *
 * Source: moby `daemon/internal/filters/parse.go`.
 *
 * @module
 */
import type { Filters } from "./api/types/index.ts";
import { InvalidParameterError } from "./errors.ts";

/** Refuses filters that the noun does not know. @throws {InvalidParameterError} with Docker's text. */
export function checkFilters(filters: Filters, known: readonly string[]): void {
  for (const key of Object.keys(filters)) {
    if (!known.includes(key)) throw new InvalidParameterError(`invalid filter '${key}'`);
  }
}

/** Whether `labels` have every wanted one: `name`, or `name=value`. */
export function matchesLabels(
  labels: Readonly<Record<string, string>>,
  wanted: readonly string[] | undefined,
): boolean {
  return (wanted ?? []).every((entry) => {
    const equals = entry.indexOf("=");
    if (equals < 0) return entry in labels;
    return labels[entry.slice(0, equals)] === entry.slice(equals + 1);
  });
}
