/**
 * Signals by name or number.
 *
 * Source: moby/sys `signal/signal.go`, ParseSignal (texts).
 *
 * @module
 */
import { constants } from "node:os";
import { InvalidParameterError } from "../errors.ts";

/** Highest signal number of Linux. */
const MAX_SIGNAL = 64;

/** The number of a signal: `9`, `KILL`, `SIGKILL`, `RTMIN+3`. @throws {InvalidParameterError} with Docker's text. */
export function parseSignal(text: string): number {
  if (/^[0-9]+$/.test(text)) {
    const number = Number(text);
    if (number > 0 && number <= MAX_SIGNAL) return number;
    throw new InvalidParameterError(`invalid signal: ${text}`);
  }
  const name = text.toUpperCase().replace(/^SIG/, "");
  const realtime = /^RTM(IN|AX)(?:([+-])([0-9]{1,2}))?$/.exec(name);
  if (realtime !== null) {
    const offset = Number(`${realtime[2] ?? "+"}${realtime[3] ?? "0"}`);
    const number = (realtime[1] === "IN" ? 34 : MAX_SIGNAL) + offset;
    if (number >= 34 && number <= MAX_SIGNAL) return number;
  }
  const number = (constants.signals as Readonly<Record<string, number>>)[`SIG${name}`];
  if (number === undefined) throw new InvalidParameterError(`invalid signal: ${text}`);
  return number;
}
