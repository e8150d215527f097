/**
 * config.json as text: numbers of 64 bits survive, and the text is laid out as runc lays it out.
 *
 * @module
 */
import { InvalidDocumentError } from "../errors.ts";

type Reviver = (
  this: unknown,
  key: string,
  value: unknown,
  context?: { readonly source?: string },
) => unknown;
type RawJson = { rawJSON?: (text: string) => unknown };

/**
 * Reads JSON; a whole number that a JavaScript number cannot hold becomes a bigint.
 *
 * @param kind What it is, for the error, e.g. `config.json`.
 * @throws {InvalidDocumentError} `INVALID_ARGUMENT` "cannot read <kind>: …".
 *
 * @example
 * ```ts
 * import { parseJson } from "@rt/oci-spec";
 * const limit = parseJson('{"hard":18446744073709551615}', "limit") as { hard: bigint };
 * if (limit.hard !== 2n ** 64n - 1n) throw new Error("digits were lost");
 * ```
 */
export function parseJson(text: string, kind: string): unknown {
  try {
    // Without 16 digits in a row no whole number can be unsafe, and the plain parser is several times faster.
    return /\d{16}/.test(text)
      ? JSON.parse(text, exact as Parameters<typeof JSON.parse>[1])
      : JSON.parse(text);
  } catch (cause) {
    throw new InvalidDocumentError(kind, cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

const exact: Reviver = (_key, value, context) => {
  if (typeof value !== "number" || Number.isSafeInteger(value) || context?.source === undefined) return value;
  return /^-?\d+$/.test(context.source) ? BigInt(context.source) : value;
};

/** `value` as JSON, indented by tabs as runc does it, without a newline at its end; a bigint becomes a number. */
export function formatJson(value: unknown): string {
  return JSON.stringify(value, (_key, v) => (typeof v === "bigint" ? rawNumber(v) : v), "\t");
}

/** A bigint that JSON.stringify prints as a number; where the engine has no JSON.rawJSON the nearest number. */
function rawNumber(value: bigint): unknown {
  const raw = (JSON as RawJson).rawJSON;
  return raw === undefined ? Number(value) : raw(value.toString());
}
