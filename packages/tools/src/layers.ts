/**
 * The layer chain as one table: which package stands on which, and which doors and folders they may use.
 *
 * Source: docs/ARCHITECTURE.md; decision 0001 (vocabulary and kernel port travel hand to hand).
 *
 * @module
 */

/** A published layer, lowest first. */
export interface Layer {
  /** Folder below `packages/`; the npm name is `@rt/<name>`. */
  readonly name: string;
  /** The one workspace package it may import; none for the lowest. */
  readonly below?: string;
}

/** The six layers from the bottom up. */
export const LAYERS: readonly Layer[] = [
  { name: "oci-spec" },
  { name: "runc", below: "oci-spec" },
  { name: "shim", below: "runc" },
  { name: "containerd", below: "shim" },
  { name: "dockerd", below: "containerd" },
  { name: "cri", below: "dockerd" },
];

/** Doors through which one layer may enter the one below. */
export const DOORS: readonly string[] = [
  ".",
  "./oci",
  "./kernel",
  "./client",
  "./api",
  "./errors",
  "./testing",
];

/** Folders of a package that may import generated wire code (`api/gen`). */
export const GEN_READERS: readonly string[] = ["api", "client", "server", "testing", "cli"];

/** Node modules that reach the machine; only these folders may import them (a prefix of the path below `src/`). */
export const GUARDED_MODULES: Readonly<Record<string, readonly string[]>> = {
  "node:child_process": ["host/", "cli/", "testing/"],
  "node:worker_threads": ["host/"],
  "node:ffi": ["host/"],
};
