/**
 * Service `containerd.services.containers.v1.Containers`.
 *
 * @module
 */
import { create } from "@bufbuild/protobuf";
import type { Container, Containers } from "../api/containers.ts";
import {
  ContainerSchema,
  Containers as Service,
  type Container as WireContainer,
} from "../api/gen/containerd/services/containers/v1/containers_pb.ts";
import { fromFieldMask } from "../api/wire/common.ts";
import { fromContainer, toContainer } from "../api/wire/records.ts";
import { type ServiceHandlers, serve } from "./handlers.ts";

const record = (c: WireContainer | undefined) => fromContainer(c ?? create(ContainerSchema));

/** Handlers over `containers`. */
export function containersService(containers: Containers): ServiceHandlers {
  return serve(Service, {
    async get({ id }, call) {
      return { container: toContainer(await containers.get(id, call)) };
    },
    async list({ filters }, call) {
      const found: Container[] = [];
      for await (const container of containers.list(filters, call)) found.push(container);
      return { containers: found.map(toContainer) };
    },
    async *listStream({ filters }, call) {
      for await (const container of containers.list(filters, call))
        yield { container: toContainer(container) };
    },
    async create({ container }, call) {
      return { container: toContainer(await containers.create(record(container), call)) };
    },
    async update({ container, updateMask }, call) {
      return {
        container: toContainer(await containers.update(record(container), fromFieldMask(updateMask), call)),
      };
    },
    async delete({ id }, call) {
      await containers.delete(id, call);
      return {};
    },
  });
}
