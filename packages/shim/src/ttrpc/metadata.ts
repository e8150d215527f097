/**
 * Metadata: names and values that travel with a call.
 *
 * Names are compared in lower case; a name can have several values. containerd sends its namespace as
 * `containerd-namespace-ttrpc`. Source: containerd/ttrpc metadata.go; containerd pkg/namespaces/ttrpc.go.
 *
 * @module
 */
import type { KeyValue } from "./codec.ts";

/** Name under which the containerd namespace travels. */
export const NAMESPACE_KEY = "containerd-namespace-ttrpc";

/** Values by lower-case name. */
export type Metadata = ReadonlyMap<string, readonly string[]>;

/** Metadata from plain names and values. */
export function makeMetadata(values: Readonly<Record<string, string>> = {}): Metadata {
  return new Map(Object.entries(values).map(([key, value]) => [key.toLowerCase(), [value]]));
}

/** Metadata as entries of a request. */
export function metadataEntries(metadata: Metadata): KeyValue[] {
  return [...metadata].flatMap(([key, values]) => values.map((value) => ({ key, value })));
}

/** Metadata from the entries of a request. */
export function metadataOf(entries: readonly KeyValue[]): Metadata {
  const map = new Map<string, string[]>();
  for (const { key, value } of entries) {
    const name = key.toLowerCase();
    const values = map.get(name);
    if (values === undefined) map.set(name, [value]);
    else values.push(value);
  }
  return map;
}
