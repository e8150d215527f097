/**
 * All snapshotters of this containerd, as its service and as garbage collection see them.
 *
 * @module
 */
import type { Snapshots } from "../api/snapshots.ts";
import { InvalidArgumentError } from "../errors.ts";
import { noHooks, type SnapshotCatalog, type SnapshotHooks } from "../metadata/ports.ts";
import type { Snapshotter } from "./snapshotter.ts";

/** The snapshotters by name, as the interface of the boundary; an empty name is the namespace's default. */
export function localSnapshots(
  snapshotters: readonly Snapshotter[],
  hooks: Pick<SnapshotHooks, "defaultSnapshotter"> = noHooks,
): Snapshots {
  const byName = new Map(snapshotters.map((s) => [s.name, s]));
  const at = (name: string, namespace: string): Snapshotter => {
    const wanted = name === "" ? hooks.defaultSnapshotter(namespace) : name;
    const found = byName.get(wanted);
    if (found !== undefined) return found;
    throw new InvalidArgumentError(`snapshotter not loaded: ${wanted}`);
  };
  return {
    prepare: async (request, call) =>
      await at(request.snapshotter, call.namespace).create("active", request, call),
    view: async (request, call) =>
      await at(request.snapshotter, call.namespace).create("view", request, call),
    mounts: async ({ snapshotter, key }, call) => at(snapshotter, call.namespace).mounts(key, call),
    commit: async ({ snapshotter, key, name, labels = {} }, call) =>
      await at(snapshotter, call.namespace).commit(key, name, labels, call),
    remove: async ({ snapshotter, key }, call) => at(snapshotter, call.namespace).remove(key, call),
    stat: async ({ snapshotter, key }, call) => at(snapshotter, call.namespace).stat(key, call),
    update: async ({ snapshotter, key, labels }, fieldPaths, call) =>
      at(snapshotter, call.namespace).update(key, labels, fieldPaths, call),
    async *list(snapshotter, filters, call) {
      yield* at(snapshotter, call.namespace).list(filters, call);
    },
    usage: async ({ snapshotter, key }, call) => await at(snapshotter, call.namespace).usage(key, call),
    cleanup: async (snapshotter, call) => await at(snapshotter, call.namespace).sweep(),
  };
}

/** The snapshotters as garbage collection needs them. */
export function snapshotCatalog(snapshotters: readonly Snapshotter[]): SnapshotCatalog {
  return {
    *nodes() {
      for (const s of snapshotters) yield* s.nodes();
    },
    has: (namespace) => snapshotters.some((s) => s.has(namespace)),
    forget: ({ namespace, snapshotter, key }) =>
      snapshotters.find((s) => s.name === snapshotter)?.forget(namespace, key),
    sweep: async () => {
      await Promise.all(snapshotters.map((s) => s.sweep()));
    },
  };
}
