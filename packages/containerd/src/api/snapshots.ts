/**
 * Snapshots: layered file systems, handed out as mounts.
 *
 * Source: containerd api/services/snapshots/v1, core/snapshots/snapshotter.go.
 *
 * @module
 */
import type { Call, Labels } from "./call.ts";
import type { Mount } from "./mount.ts";

/** `active` can be written and committed, `view` is read only, `committed` can be a parent. */
export type SnapshotKind = "view" | "active" | "committed";

/** A snapshot's metadata. */
export interface SnapshotInfo {
  /** Key (active, view) or name (committed). */
  readonly name: string;
  /** Name of the parent; empty if none. */
  readonly parent: string;
  readonly kind: SnapshotKind;
  readonly labels: Labels;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What a snapshot itself occupies, without its parents. */
export interface SnapshotUsage {
  /** Bytes on disk. */
  readonly size: number;
  readonly inodes: number;
}

/** Which snapshot of which snapshotter. */
export interface SnapshotRef {
  /** Snapshotter name, e.g. `overlayfs`, `native`; empty is the namespace's or the daemon's default. */
  readonly snapshotter: string;
  readonly key: string;
}

/** What to prepare. */
export interface PrepareRequest extends SnapshotRef {
  /** Name of a committed snapshot; empty or absent starts from nothing. */
  readonly parent?: string;
  readonly labels?: Labels;
}

/** What to commit. */
export interface CommitSnapshotRequest extends SnapshotRef {
  /** Name of the committed snapshot. */
  readonly name: string;
  readonly labels?: Labels;
}

/** All snapshotters. */
export interface Snapshots {
  /** Makes a writable snapshot. @throws `ALREADY_EXISTS`; `NOT_FOUND` if the parent is missing. */
  prepare(request: PrepareRequest, call: Call): Promise<readonly Mount[]>;
  /** Makes a read-only snapshot. @throws as {@linkcode Snapshots.prepare}. */
  view(request: PrepareRequest, call: Call): Promise<readonly Mount[]>;
  /** @throws `NOT_FOUND`; `FAILED_PRECONDITION` for a committed snapshot. */
  mounts(ref: SnapshotRef, call: Call): Promise<readonly Mount[]>;
  /** Makes an active snapshot a parent for others. @throws `NOT_FOUND`, `ALREADY_EXISTS`, `FAILED_PRECONDITION`. */
  commit(request: CommitSnapshotRequest, call: Call): Promise<void>;
  /** @throws `NOT_FOUND`; `FAILED_PRECONDITION` while it has children. */
  remove(ref: SnapshotRef, call: Call): Promise<void>;
  /** @throws `NOT_FOUND`. */
  stat(ref: SnapshotRef, call: Call): Promise<SnapshotInfo>;
  /** Changes the labels named by `fieldPaths` (`labels` or `labels.<key>`; all if absent). @throws `NOT_FOUND`. */
  update(
    request: SnapshotRef & { readonly labels: Labels },
    fieldPaths: readonly string[] | undefined,
    call: Call,
  ): Promise<SnapshotInfo>;
  list(snapshotter: string, filters: readonly string[], call: Call): AsyncIterable<SnapshotInfo>;
  /** @throws `NOT_FOUND`. */
  usage(ref: SnapshotRef, call: Call): Promise<SnapshotUsage>;
  /** Frees what removed snapshots left on disk. */
  cleanup(snapshotter: string, call: Call): Promise<void>;
}
