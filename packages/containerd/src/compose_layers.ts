/**
 * The part of the composition that holds file systems: snapshotters and diff.
 *
 * @module
 */
import { join } from "node:path";
import type { Content } from "./api/content.ts";
import type { Diff } from "./api/diff.ts";
import type { Snapshots } from "./api/snapshots.ts";
import type { Config } from "./config.ts";
import { localDiff } from "./diff/local_diff.ts";
import { linuxInodes } from "./host/inodes_linux.ts";
import type { Kernel } from "./kernel.ts";
import type { SnapshotCatalog, SnapshotHooks } from "./metadata/ports.ts";
import { TempMounts } from "./mount/temp_mounts.ts";
import type { Logger } from "./oci.ts";
import { localSnapshots, snapshotCatalog } from "./snapshots/local_snapshots.ts";
import { nativeLayout } from "./snapshots/native.ts";
import { overlayLayout } from "./snapshots/overlay.ts";
import { Snapshotter } from "./snapshots/snapshotter.ts";

/** Snapshotters and diff, joined. */
export interface Layers extends AsyncDisposable {
  readonly snapshots: Snapshots;
  readonly catalog: SnapshotCatalog;
  readonly diff: Diff;
  /** Names of the snapshotters. */
  readonly snapshotters: readonly string[];
}

/** Opens the snapshotters below `config.root`. */
export async function composeLayers(
  config: Config,
  kernel: Kernel,
  content: Content,
  hooks: SnapshotHooks,
  log: Logger,
): Promise<Layers> {
  await using stack = new AsyncDisposableStack();
  const inodes = linuxInodes(kernel);
  const mounts = await TempMounts.open(kernel, join(config.root, "tmpmounts"));
  const layouts = [overlayLayout(), nativeLayout(inodes)];
  const snapshotters = layouts.map((layout) =>
    stack.use(
      new Snapshotter(join(config.root, `io.containerd.snapshotter.v1.${layout.name}`), layout, {
        hooks,
        log,
      }),
    ),
  );
  const owned = stack.move();
  return {
    snapshots: localSnapshots(snapshotters, hooks),
    catalog: snapshotCatalog(snapshotters),
    diff: localDiff({ content, inodes, withMounts: (list, work) => mounts.with(list, work) }),
    snapshotters: snapshotters.map((s) => s.name),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
