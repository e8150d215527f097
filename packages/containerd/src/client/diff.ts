/**
 * Diff over gRPC.
 *
 * @module
 */
import { createClient, type Transport } from "@connectrpc/connect";
import type { Diff } from "../api/diff.ts";
import { Diff as Service } from "../api/gen/containerd/services/diff/v1/diff_pb.ts";
import { fromDescriptor, toAnyMap, toDescriptor, toMount, toTimestamp } from "../api/wire/common.ts";
import { callOptions, unary } from "./call.ts";

/** Diff service of the daemon behind `transport`. */
export function diffClient(transport: Transport): Diff {
  const client = createClient(Service, transport);
  return {
    async apply(diff, mounts, options, call) {
      const request = {
        diff: toDescriptor(diff),
        mounts: mounts.map(toMount),
        payloads: toAnyMap(options.payloads),
        syncFs: options.syncFs ?? false,
      };
      return fromDescriptor((await unary(client.apply(request, callOptions(call)))).applied);
    },
    async compare(left, right, options, call) {
      const epoch = options.sourceDateEpoch;
      const request = {
        left: left.map(toMount),
        right: right.map(toMount),
        mediaType: options.mediaType ?? "",
        ref: options.ref ?? "",
        labels: { ...options.labels },
        ...(epoch === undefined ? {} : { sourceDateEpoch: toTimestamp(epoch) }),
      };
      return fromDescriptor((await unary(client.diff(request, callOptions(call)))).diff);
    },
  };
}
