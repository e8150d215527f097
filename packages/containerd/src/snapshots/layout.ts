/**
 * Layout: how one kind of snapshotter keeps a snapshot on disk. All else is the same for all of them.
 *
 * @module
 */
import type { Mount } from "../api/mount.ts";
import type { SnapshotKind } from "../api/snapshots.ts";

/** A way to keep snapshots on disk. */
export interface SnapshotLayout {
  /** As clients know it, e.g. `overlayfs`. */
  readonly name: string;
  /**
   * Makes the directory of a new snapshot.
   *
   * @param dir Does not exist yet; its parent does.
   * @param parents Directories of the committed snapshots below, nearest first.
   */
  make(dir: string, kind: SnapshotKind, parents: readonly string[]): Promise<void> | undefined;
  /** The mounts that show a snapshot. */
  mounts(dir: string, kind: SnapshotKind, parents: readonly string[]): readonly Mount[];
  /** The directory whose contents count as the snapshot's own. */
  contents(dir: string): string;
}
