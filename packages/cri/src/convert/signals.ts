/**
 * Signals: the CRI's numbers and the engine's names.
 *
 * @module
 */
import { Signal } from "../api/types.ts";

/** Name for the engine, e.g. `SIGTERM`, `SIGRTMIN+3`; undefined for the default. */
export function signalName(signal: Signal): string | undefined {
  if (signal === Signal.RUNTIME_DEFAULT) return undefined;
  const found = Object.entries(Signal).find(([, value]) => value === signal)?.[0];
  return found?.replace("MINPLUS", "MIN+").replace("MAXMINUS", "MAX-");
}

/** The CRI's number of the engine's `name`; the default if there is none. */
export function signalOf(name: string | undefined): Signal {
  if (name === undefined || name === "") return Signal.RUNTIME_DEFAULT;
  const upper = name.toUpperCase();
  const key = (upper.startsWith("SIG") ? upper : `SIG${upper}`)
    .replace("MIN+", "MINPLUS")
    .replace("MAX-", "MAXMINUS");
  return (Signal as Readonly<Record<string, Signal>>)[key] ?? Signal.RUNTIME_DEFAULT;
}
