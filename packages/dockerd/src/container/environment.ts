/**
 * The environment of a container's processes.
 *
 * Source: moby `daemon/container/env.go`, `container_unix.go` CreateDaemonEnvironment.
 *
 * @module
 */
import type { ContainerConfig } from "../api/types/index.ts";

/** `PATH` of images that set none. */
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** `base` with each of `overrides` replaced or added; an override without `=` removes. */
export function mergeEnvironment(base: readonly string[], overrides: readonly string[]): string[] {
  const merged = new Map<string, string>();
  const nameOf = (entry: string): string => entry.split("=", 1)[0]!;
  for (const entry of base) merged.set(nameOf(entry), entry);
  for (const entry of overrides) {
    if (entry.includes("=")) merged.set(nameOf(entry), entry);
    else merged.delete(entry);
  }
  return [...merged.values()];
}

/** The environment of the main process. */
export function containerEnvironment(config: ContainerConfig): string[] {
  const base = [`PATH=${DEFAULT_PATH}`, `HOSTNAME=${config.Hostname ?? ""}`];
  if (config.Tty) base.push("TERM=xterm");
  return mergeEnvironment(base, config.Env ?? []);
}
