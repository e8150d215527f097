/**
 * Containers over gRPC.
 *
 * @module
 */

import { create } from "@bufbuild/protobuf";
import { createClient, type Transport } from "@connectrpc/connect";
import type { Container, Containers } from "../api/containers.ts";
import {
  ContainerSchema,
  Containers as Service,
  type Container as WireContainer,
} from "../api/gen/containerd/services/containers/v1/containers_pb.ts";
import { toFieldMask } from "../api/wire/common.ts";
import { fromContainer, toContainer } from "../api/wire/records.ts";
import { callOptions, stream, unary } from "./call.ts";

const record = (c: WireContainer | undefined): Container => fromContainer(c ?? create(ContainerSchema));

/** Containers of the daemon behind `transport`. */
export function containersClient(transport: Transport): Containers {
  const client = createClient(Service, transport);
  return {
    async get(id, call) {
      return record((await unary(client.get({ id }, callOptions(call)))).container);
    },
    list(filters, call) {
      const answers = client.listStream({ filters: [...filters] }, callOptions(call));
      return stream(answers, (m) => (m.container === undefined ? [] : [record(m.container)]));
    },
    async create(container, call) {
      return record(
        (await unary(client.create({ container: toContainer(container) }, callOptions(call)))).container,
      );
    },
    async update(container, fieldPaths, call) {
      const updateMask = toFieldMask(fieldPaths);
      const request = { container: toContainer(container), ...(updateMask && { updateMask }) };
      return record((await unary(client.update(request, callOptions(call)))).container);
    },
    async delete(id, call) {
      await unary(client.delete({ id }, callOptions(call)));
    },
  };
}
