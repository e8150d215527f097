/**
 * Service `containerd.services.diff.v1.Diff`.
 *
 * @module
 */
import type { Diff } from "../api/diff.ts";
import { Diff as Service } from "../api/gen/containerd/services/diff/v1/diff_pb.ts";
import { fromAnyMap, fromDescriptor, fromMount, fromTimestamp, toDescriptor } from "../api/wire/common.ts";
import { type ServiceHandlers, serve } from "./handlers.ts";

/** Handlers over `diff`. */
export function diffService(diff: Diff): ServiceHandlers {
  return serve(Service, {
    async apply(request, call) {
      const options = { payloads: fromAnyMap(request.payloads), syncFs: request.syncFs };
      const applied = await diff.apply(
        fromDescriptor(request.diff),
        request.mounts.map(fromMount),
        options,
        call,
      );
      return { applied: toDescriptor(applied) };
    },
    async diff({ left, right, mediaType, ref, labels, sourceDateEpoch }, call) {
      const epoch = fromTimestamp(sourceDateEpoch);
      const options = {
        labels,
        ...(mediaType === "" ? {} : { mediaType }),
        ...(ref === "" ? {} : { ref }),
        ...(epoch === undefined ? {} : { sourceDateEpoch: epoch }),
      };
      return {
        diff: toDescriptor(await diff.compare(left.map(fromMount), right.map(fromMount), options, call)),
      };
    },
  });
}
