/**
 * Namespaces: isolate the names of everything but the bytes of blobs.
 *
 * Source: containerd api/services/namespaces/v1.
 *
 * @module
 */
import type { DaemonCall, Labels } from "./call.ts";

/** A containerd namespace. */
export interface Namespace {
  readonly name: string;
  /** Labels; `containerd.io/defaults/runtime` and `containerd.io/defaults/snapshotter` set defaults. */
  readonly labels: Labels;
}

/** Store of namespaces. */
export interface Namespaces {
  /** One that is not there has no labels: its first object will make it. */
  get(name: string, call?: DaemonCall): Promise<Namespace>;
  list(call?: DaemonCall): Promise<readonly Namespace[]>;
  /** @throws `ALREADY_EXISTS`; `INVALID_ARGUMENT` if the name or a label is not valid. */
  create(namespace: Namespace, call?: DaemonCall): Promise<Namespace>;
  /**
   * Replaces the labels named by `fieldPaths` (`labels` or `labels.<key>`; all if absent); makes the namespace.
   *
   * @throws `INVALID_ARGUMENT`.
   */
  update(namespace: Namespace, fieldPaths?: readonly string[], call?: DaemonCall): Promise<Namespace>;
  /** @throws `NOT_FOUND`; `FAILED_PRECONDITION` while the namespace still holds objects. */
  delete(name: string, call?: DaemonCall): Promise<void>;
}
