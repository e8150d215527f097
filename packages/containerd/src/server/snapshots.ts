/**
 * Service `containerd.services.snapshots.v1.Snapshots`.
 *
 * @module
 */
import { Snapshots as Service } from "../api/gen/containerd/services/snapshots/v1/snapshots_pb.ts";
import type { SnapshotInfo, Snapshots } from "../api/snapshots.ts";
import { fromFieldMask, toMount } from "../api/wire/common.ts";
import { toSnapshotInfo } from "../api/wire/records.ts";
import { type ServiceHandlers, serve } from "./handlers.ts";

/** Snapshots per message of a list. */
const pageSize = 100;

/** Handlers over `snapshots`. */
export function snapshotsService(snapshots: Snapshots): ServiceHandlers {
  return serve(Service, {
    async prepare({ snapshotter, key, parent, labels }, call) {
      return { mounts: (await snapshots.prepare({ snapshotter, key, parent, labels }, call)).map(toMount) };
    },
    async view({ snapshotter, key, parent, labels }, call) {
      return { mounts: (await snapshots.view({ snapshotter, key, parent, labels }, call)).map(toMount) };
    },
    async mounts({ snapshotter, key }, call) {
      return { mounts: (await snapshots.mounts({ snapshotter, key }, call)).map(toMount) };
    },
    async commit({ snapshotter, key, name, labels }, call) {
      await snapshots.commit({ snapshotter, key, name, labels }, call);
      return {};
    },
    async remove({ snapshotter, key }, call) {
      await snapshots.remove({ snapshotter, key }, call);
      return {};
    },
    async stat({ snapshotter, key }, call) {
      return { info: toSnapshotInfo(await snapshots.stat({ snapshotter, key }, call)) };
    },
    async update({ snapshotter, info, updateMask }, call) {
      const request = { snapshotter, key: info?.name ?? "", labels: info?.labels ?? {} };
      return { info: toSnapshotInfo(await snapshots.update(request, fromFieldMask(updateMask), call)) };
    },
    async *list({ snapshotter, filters }, call) {
      let page: SnapshotInfo[] = [];
      for await (const info of snapshots.list(snapshotter, filters, call)) {
        page.push(info);
        if (page.length < pageSize) continue;
        yield { info: page.map(toSnapshotInfo) };
        page = [];
      }
      if (page.length > 0) yield { info: page.map(toSnapshotInfo) };
    },
    async usage({ snapshotter, key }, call) {
      const { size, inodes } = await snapshots.usage({ snapshotter, key }, call);
      return { size: BigInt(size), inodes: BigInt(inodes) };
    },
    async cleanup({ snapshotter }, call) {
      await snapshots.cleanup(snapshotter, call);
      return {};
    },
  });
}
