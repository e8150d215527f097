/**
 * Query parameters, read as moby reads them.
 *
 * Source: moby `daemon/server/httputils/form.go`, `daemon/internal/filters/parse.go`.
 *
 * @module
 */
import type { Filters } from "../api/types/index.ts";
import { InvalidParameterError } from "../errors.ts";
import { parseGoJson } from "./go_json.ts";

/** A boolean: absent, empty, `0`, `no`, `false` and `none` are false, all else true. */
export function boolValue(query: URLSearchParams, name: string): boolean {
  const value = (query.get(name) ?? "").trim().toLowerCase();
  return !(value === "" || value === "0" || value === "no" || value === "false" || value === "none");
}

/** A boolean that has a default when it is absent. */
export function boolValueOr(query: URLSearchParams, name: string, fallback: boolean): boolean {
  return query.has(name) ? boolValue(query, name) : fallback;
}

/** An integer, or undefined if absent or empty. @throws {InvalidParameterError} with Go's text. */
export function intValue(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null || value === "") return undefined;
  if (!/^[+-]?[0-9]{1,15}$/.test(value)) {
    throw new InvalidParameterError(`strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`);
  }
  return Number(value);
}

/** A text, or undefined if absent or empty. */
export function textValue(query: URLSearchParams, name: string): string | undefined {
  return query.get(name) || undefined;
}

/**
 * Filters: `{"label":["a"]}`, or `{"label":{"a":true}}` as older clients send them.
 *
 * @throws {InvalidParameterError} if they are neither.
 */
export function filtersValue(query: URLSearchParams): Filters {
  const text = query.get("filters");
  if (text === null || text === "") return {};
  const value = parseFilterJson(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new InvalidParameterError("invalid filter");
  }
  const filters: Record<string, string[]> = {};
  for (const [key, entry] of Object.entries(value)) {
    if (Array.isArray(entry)) {
      if (!entry.every((v) => typeof v === "string")) throw new InvalidParameterError("invalid filter");
      filters[key] = entry;
    } else if (typeof entry === "object" && entry !== null) {
      filters[key] = Object.entries(entry).flatMap(([v, on]) => (on === true ? [v] : []));
    } else {
      throw new InvalidParameterError("invalid filter");
    }
  }
  return filters;
}

/** JSON of a filter, with moby's clause before the error. */
function parseFilterJson(text: string): unknown {
  try {
    return parseGoJson(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace(/^invalid JSON: /, "") : "";
    throw new InvalidParameterError(`invalid filter: ${reason}`, { cause });
  }
}
