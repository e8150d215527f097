/**
 * Labels: limits, storage and field masks, alike for every object that has them.
 *
 * Source: containerd pkg/labels/validate.go, core/metadata/boltutil (a label with an empty value is none).
 *
 * @module
 */
import type { Labels } from "../api/call.ts";
import { InvalidArgumentError } from "../errors.ts";

const maxBytes = 4096;
const encoder = new TextEncoder();

/** Checks every label. @throws {InvalidArgumentError} `INVALID_ARGUMENT`; `clause` comes first, e.g. `image.Labels`. */
export function validateLabels(labels: Labels, clause: string): void {
  for (const [key, value] of Object.entries(labels)) {
    if (encoder.encode(key).length + encoder.encode(value).length <= maxBytes) continue;
    throw new InvalidArgumentError(
      `${clause}: label key and value greater than maximum size (${maxBytes} bytes), key: ${key.slice(0, 10)}`,
    );
  }
}

/** JSON of a string map as it is stored: keys with an empty value are left out. */
export function encodeLabels(labels: Labels): string {
  return JSON.stringify(Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== "")));
}

/** String map of stored JSON. */
export function decodeLabels(json: unknown): Record<string, string> {
  return JSON.parse(String(json)) as Record<string, string>;
}

/** A field path of the form `<map>.<key>`, where the key may hold dots; undefined for other paths. */
export function mapKey(path: string, map: string): string | undefined {
  return path.startsWith(`${map}.`) ? path.slice(map.length + 1) : undefined;
}

/** `current` with one key taken from `wanted`; an empty or absent value removes it. */
export function withKey(current: Labels, wanted: Labels, key: string): Record<string, string> {
  const result = { ...current };
  const value = wanted[key] ?? "";
  if (value === "") delete result[key];
  else result[key] = value;
  return result;
}

/**
 * `current` with the labels of `wanted` that `fieldPaths` name: `labels` or `labels.<key>`; all if absent.
 *
 * @param what Object in the peer's text, e.g. `content info "sha256:…"`.
 * @throws {InvalidArgumentError} `INVALID_ARGUMENT` for any other path.
 */
export function updatedLabels(
  current: Labels,
  wanted: Labels,
  fieldPaths: readonly string[] | undefined,
  what: string,
): Record<string, string> {
  if (fieldPaths === undefined || fieldPaths.length === 0) return { ...wanted };
  let result: Record<string, string> = { ...current };
  for (const path of fieldPaths) {
    const key = mapKey(path, "labels");
    if (key !== undefined) result = withKey(result, wanted, key);
    else if (path === "labels") result = { ...wanted };
    else throw new InvalidArgumentError(`cannot update ${JSON.stringify(path)} field on ${what}`);
  }
  return result;
}
