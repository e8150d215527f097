/**
 * Snapshots over gRPC.
 *
 * @module
 */
import { create } from "@bufbuild/protobuf";
import { createClient, type Transport } from "@connectrpc/connect";
import {
  InfoSchema,
  Snapshots as Service,
  type Info as WireInfo,
} from "../api/gen/containerd/services/snapshots/v1/snapshots_pb.ts";
import type { PrepareRequest, SnapshotInfo, Snapshots } from "../api/snapshots.ts";
import { fromMount, toFieldMask } from "../api/wire/common.ts";
import { fromSnapshotInfo } from "../api/wire/records.ts";
import { callOptions, stream, unary } from "./call.ts";

const record = (i: WireInfo | undefined): SnapshotInfo => fromSnapshotInfo(i ?? create(InfoSchema));

const prepareRequest = (r: PrepareRequest) => ({
  snapshotter: r.snapshotter,
  key: r.key,
  parent: r.parent ?? "",
  labels: { ...r.labels },
});

/** Snapshots of the daemon behind `transport`. */
export function snapshotsClient(transport: Transport): Snapshots {
  const client = createClient(Service, transport);
  return {
    async prepare(request, call) {
      return (await unary(client.prepare(prepareRequest(request), callOptions(call)))).mounts.map(fromMount);
    },
    async view(request, call) {
      return (await unary(client.view(prepareRequest(request), callOptions(call)))).mounts.map(fromMount);
    },
    async mounts({ snapshotter, key }, call) {
      return (await unary(client.mounts({ snapshotter, key }, callOptions(call)))).mounts.map(fromMount);
    },
    async commit({ snapshotter, key, name, labels }, call) {
      await unary(client.commit({ snapshotter, key, name, labels: { ...labels } }, callOptions(call)));
    },
    async remove({ snapshotter, key }, call) {
      await unary(client.remove({ snapshotter, key }, callOptions(call)));
    },
    async stat({ snapshotter, key }, call) {
      return record((await unary(client.stat({ snapshotter, key }, callOptions(call)))).info);
    },
    async update({ snapshotter, key, labels }, fieldPaths, call) {
      const updateMask = toFieldMask(fieldPaths);
      const info = { name: key, labels: { ...labels } };
      const request = { snapshotter, info, ...(updateMask && { updateMask }) };
      return record((await unary(client.update(request, callOptions(call)))).info);
    },
    list(snapshotter, filters, call) {
      const answers = client.list({ snapshotter, filters: [...filters] }, callOptions(call));
      return stream(answers, (m) => m.info.map(record));
    },
    async usage({ snapshotter, key }, call) {
      const { size, inodes } = await unary(client.usage({ snapshotter, key }, callOptions(call)));
      return { size: Number(size), inodes: Number(inodes) };
    },
    async cleanup(snapshotter, call) {
      await unary(client.cleanup({ snapshotter }, callOptions(call)));
    },
  };
}
