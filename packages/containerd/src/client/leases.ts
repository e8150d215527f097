/**
 * Leases over gRPC.
 *
 * @module
 */
import { create } from "@bufbuild/protobuf";
import { createClient, type Transport } from "@connectrpc/connect";
import { LeaseSchema, Leases as Service } from "../api/gen/containerd/services/leases/v1/leases_pb.ts";
import type { Leases } from "../api/leases.ts";
import { fromLease } from "../api/wire/records.ts";
import { callOptions, unary } from "./call.ts";

/** Leases of the daemon behind `transport`. An absent id is made up here, since the wire demands one. */
export function leasesClient(transport: Transport): Leases {
  const client = createClient(Service, transport);
  return {
    async create({ id, labels }, call) {
      const request = { id: id ?? crypto.randomUUID(), labels: { ...labels } };
      return fromLease((await unary(client.create(request, callOptions(call)))).lease ?? create(LeaseSchema));
    },
    async delete(id, options, call) {
      await unary(client.delete({ id, sync: options.sync ?? false }, callOptions(call)));
    },
    async list(filters, call) {
      return (await unary(client.list({ filters: [...filters] }, callOptions(call)))).leases.map(fromLease);
    },
    async addResource(id, resource, call) {
      await unary(client.addResource({ id, resource: { ...resource } }, callOptions(call)));
    },
    async deleteResource(id, resource, call) {
      await unary(client.deleteResource({ id, resource: { ...resource } }, callOptions(call)));
    },
    async resources(id, call) {
      const { resources } = await unary(client.listResources({ id }, callOptions(call)));
      return resources.map(({ id, type }) => ({ id, type }));
    },
  };
}
