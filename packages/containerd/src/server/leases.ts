/**
 * Service `containerd.services.leases.v1.Leases`.
 *
 * @module
 */
import { Leases as Service } from "../api/gen/containerd/services/leases/v1/leases_pb.ts";
import type { Leases } from "../api/leases.ts";
import { toLease } from "../api/wire/records.ts";
import { type ServiceHandlers, serve } from "./handlers.ts";

const none = { id: "", type: "" };

/** Handlers over `leases`. */
export function leasesService(leases: Leases): ServiceHandlers {
  return serve(Service, {
    async create({ id, labels }, call) {
      return { lease: toLease(await leases.create({ id, labels }, call)) };
    },
    async delete({ id, sync }, call) {
      await leases.delete(id, { sync }, call);
      return {};
    },
    async list({ filters }, call) {
      return { leases: (await leases.list(filters, call)).map(toLease) };
    },
    async addResource({ id, resource = none }, call) {
      await leases.addResource(id, { id: resource.id, type: resource.type }, call);
      return {};
    },
    async deleteResource({ id, resource = none }, call) {
      await leases.deleteResource(id, { id: resource.id, type: resource.type }, call);
      return {};
    },
    async listResources({ id }, call) {
      return { resources: (await leases.resources(id, call)).map((r) => ({ id: r.id, type: r.type })) };
    },
  });
}
