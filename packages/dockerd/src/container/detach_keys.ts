/**
 * Detach keys: a sequence in a terminal's input that ends the connection and not the process.
 *
 * Source: moby/term `proxy.go`, `ascii.go`.
 *
 * @module
 */
import { InvalidParameterError } from "../errors.ts";

/** ctrl-p, ctrl-q. */
const DEFAULT_KEYS = "ctrl-p,ctrl-q";

/** Codes of `ctrl-` keys that are no letters. */
const CONTROL: Readonly<Record<string, number>> = { "@": 0, "[": 27, "\\": 28, "]": 29, "^": 30, _: 31 };

/** The bytes of a sequence such as `ctrl-p,ctrl-q` or `a,b`. @throws {InvalidParameterError} with Docker's text. */
export function parseKeys(text: string): Uint8Array {
  const codes = text.split(",").map((key) => {
    if (key.length === 1) return key.charCodeAt(0);
    const control = /^ctrl-(.)$/.exec(key)?.[1];
    const code =
      control === undefined
        ? undefined
        : /[a-z]/.test(control)
          ? control.charCodeAt(0) - 96
          : CONTROL[control];
    if (key === "DEL") return 127;
    if (code === undefined) throw new InvalidParameterError(`Invalid detach keys (${text}) provided`);
    return code;
  });
  return Uint8Array.from(codes);
}

/** A filter for input: takes the keys out and calls `detach` when the sequence is complete. */
export function createDetachFilter(
  keys: string | undefined,
  detach: () => void,
): (data: Uint8Array) => Uint8Array {
  const sequence = parseKeys(keys || DEFAULT_KEYS);
  let matched = 0;
  return (data) => {
    const out: number[] = [];
    for (const byte of data) {
      if (byte === sequence[matched]) {
        matched++;
        if (matched === sequence.length) {
          matched = 0;
          detach();
          return Uint8Array.from(out);
        }
        continue;
      }
      for (let i = 0; i < matched; i++) out.push(sequence[i]!);
      matched = 0;
      if (byte === sequence[0]) matched = 1;
      else out.push(byte);
    }
    return Uint8Array.from(out);
  };
}
