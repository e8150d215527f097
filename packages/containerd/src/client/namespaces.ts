/**
 * Namespaces over gRPC.
 *
 * Changes carry the namespace as metadata too: containerd publishes their events in the namespace of the call and refuses
 * a call without one.
 *
 * @module
 */
import { createClient, type Transport } from "@connectrpc/connect";
import {
  Namespaces as Service,
  type Namespace as WireNamespace,
} from "../api/gen/containerd/services/namespaces/v1/namespace_pb.ts";
import type { Namespace, Namespaces } from "../api/namespaces.ts";
import { toFieldMask } from "../api/wire/common.ts";
import { callOptions, unary } from "./call.ts";

const record = (n: WireNamespace | undefined): Namespace => ({
  name: n?.name ?? "",
  labels: n?.labels ?? {},
});

/** Namespaces of the daemon behind `transport`. */
export function namespacesClient(transport: Transport): Namespaces {
  const client = createClient(Service, transport);
  return {
    async get(name, call) {
      return record((await unary(client.get({ name }, callOptions(call)))).namespace);
    },
    async list(call) {
      return (await unary(client.list({}, callOptions(call)))).namespaces.map(record);
    },
    async create({ name, labels }, call) {
      const namespace = { name, labels: { ...labels } };
      return record(
        (await unary(client.create({ namespace }, callOptions({ ...call, namespace: name })))).namespace,
      );
    },
    async update({ name, labels }, fieldPaths, call) {
      const updateMask = toFieldMask(fieldPaths);
      const request = { namespace: { name, labels: { ...labels } }, ...(updateMask && { updateMask }) };
      return record(
        (await unary(client.update(request, callOptions({ ...call, namespace: name })))).namespace,
      );
    },
    async delete(name, call) {
      await unary(client.delete({ name }, callOptions({ ...call, namespace: name })));
    },
  };
}
