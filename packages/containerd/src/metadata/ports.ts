/**
 * What the metadata store and the snapshotters need of each other: each holds its own database, and only garbage
 * collection and namespaces look at both.
 *
 * @module
 */
import type { Call, Labels } from "../api/call.ts";
import type { ContainerdEvent } from "../api/event.ts";

/** A snapshot as garbage collection sees it. */
export interface SnapshotNode {
  readonly namespace: string;
  readonly snapshotter: string;
  /** Key or name. */
  readonly key: string;
  /** Name of the parent in the same namespace and snapshotter; empty if none. */
  readonly parent: string;
  /** References (`containerd.io/gc.ref.…`) and `containerd.io/gc.root` are read from here. */
  readonly labels: Labels;
}

/**
 * The snapshotters, as the metadata store needs them. Both {@linkcode nodes} and {@linkcode forget} are synchronous,
 * so that marking and forgetting happen between two calls of clients and none comes in between.
 */
export interface SnapshotCatalog {
  /** Every snapshot of every namespace and snapshotter. */
  nodes(): Iterable<SnapshotNode>;
  /** Whether the namespace has a snapshot. */
  has(namespace: string): boolean;
  /** Removes one snapshot's record; children are forgotten before their parents. What it left on disk goes by `sweep`. */
  forget(node: Pick<SnapshotNode, "namespace" | "snapshotter" | "key">): void;
  /** Frees the disk space of snapshots that have no record any more. */
  sweep(): Promise<void>;
}

/** What the snapshotters' service asks of the rest: given to it by `compose.ts`. */
export interface SnapshotHooks {
  /** Name of the snapshotter that an empty name means in this namespace. */
  defaultSnapshotter(namespace: string): string;
  /**
   * To be called, synchronously, with the insertion of a snapshot's record: makes the namespace and adds the snapshot
   * to the call's lease.
   *
   * @throws {RtError} `NOT_FOUND` if there is no such lease.
   */
  created(snapshotter: string, key: string, call: Call): void;
  /** To be called when a snapshot was removed by a client: makes garbage collection aware of a change. */
  removed(): void;
  /** Publishes `/snapshot/prepare`, `/snapshot/commit`, `/snapshot/remove`. */
  publish(namespace: string, event: ContainerdEvent): void;
}

/** Hooks that do nothing, for snapshotters that stand alone. */
export const noHooks: SnapshotHooks = {
  defaultSnapshotter: () => "overlayfs",
  created() {},
  removed() {},
  publish() {},
};
