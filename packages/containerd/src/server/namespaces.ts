/**
 * Service `containerd.services.namespaces.v1.Namespaces`.
 *
 * @module
 */
import { Namespaces as Service } from "../api/gen/containerd/services/namespaces/v1/namespace_pb.ts";
import type { Namespace, Namespaces } from "../api/namespaces.ts";
import { fromFieldMask } from "../api/wire/common.ts";
import { type ServiceHandlers, serve } from "./handlers.ts";

const wire = (n: Namespace) => ({ name: n.name, labels: { ...n.labels } });
const empty: Namespace = { name: "", labels: {} };

/** Handlers over `namespaces`. */
export function namespacesService(namespaces: Namespaces): ServiceHandlers {
  return serve(Service, {
    async get({ name }) {
      return { namespace: wire(await namespaces.get(name)) };
    },
    async list() {
      return { namespaces: (await namespaces.list()).map(wire) };
    },
    async create({ namespace = empty }) {
      return { namespace: wire(await namespaces.create({ name: namespace.name, labels: namespace.labels })) };
    },
    async update({ namespace = empty, updateMask }) {
      const record = { name: namespace.name, labels: namespace.labels };
      return { namespace: wire(await namespaces.update(record, fromFieldMask(updateMask))) };
    },
    async delete({ name }) {
      await namespaces.delete(name);
      return {};
    },
  });
}
