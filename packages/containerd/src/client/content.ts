/**
 * Content over gRPC.
 *
 * @module
 */
import { create } from "@bufbuild/protobuf";
import { createClient, type Transport } from "@connectrpc/connect";
import type { Content } from "../api/content.ts";
import {
  InfoSchema,
  Content as Service,
  StatusSchema,
} from "../api/gen/containerd/services/content/v1/content_pb.ts";
import { toFieldMask } from "../api/wire/common.ts";
import { fromContentInfo, fromIngestStatus } from "../api/wire/records.ts";
import { Gate } from "../transfer/gate.ts";
import { callOptions, stream, unary } from "./call.ts";
import { openWriter, PIECES_IN_FLIGHT } from "./content_writer.ts";

/** Content store of the daemon behind `transport`. */
export function contentClient(transport: Transport): Content {
  const client = createClient(Service, transport);
  const gate = new Gate(PIECES_IN_FLIGHT);
  return {
    async info(digest, call) {
      return fromContentInfo(
        (await unary(client.info({ digest }, callOptions(call)))).info ?? create(InfoSchema),
      );
    },
    async update({ digest, labels }, fieldPaths, call) {
      const updateMask = toFieldMask(fieldPaths);
      const request = { info: { digest, labels: { ...labels } }, ...(updateMask && { updateMask }) };
      return fromContentInfo(
        (await unary(client.update(request, callOptions(call)))).info ?? create(InfoSchema),
      );
    },
    list(filters, call) {
      return stream(client.list({ filters: [...filters] }, callOptions(call)), (m) =>
        m.info.map(fromContentInfo),
      );
    },
    async delete(digest, call) {
      await unary(client.delete({ digest }, callOptions(call)));
    },
    read(digest, range, call) {
      const request = { digest, offset: BigInt(range.offset ?? 0), size: BigInt(range.size ?? 0) };
      return stream(client.read(request, callOptions(call)), (m) => [m.data]);
    },
    async status(ref, call) {
      return fromIngestStatus(
        (await unary(client.status({ ref }, callOptions(call)))).status ?? create(StatusSchema),
      );
    },
    async statuses(filters, call) {
      const { statuses } = await unary(client.listStatuses({ filters: [...filters] }, callOptions(call)));
      return statuses.map(fromIngestStatus);
    },
    writer(request, call) {
      return openWriter(client, request, call, gate);
    },
    async abort(ref, call) {
      await unary(client.abort({ ref }, callOptions(call)));
    },
  };
}
