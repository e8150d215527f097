/**
 * Services `containerd.services.introspection.v1.Introspection` and `containerd.services.version.v1.Version`, and
 * `grpc.health.v1.Health`.
 *
 * @module
 */
import type { VersionInfo } from "../api/containerd.ts";
import { Introspection as Service } from "../api/gen/containerd/services/introspection/v1/introspection_pb.ts";
import { Version } from "../api/gen/containerd/services/version/v1/version_pb.ts";
import { Health, HealthCheckResponse_ServingStatus } from "../api/gen/grpc/health/v1/health_pb.ts";
import type { Introspection } from "../api/introspection.ts";
import { toPlugin } from "../api/wire/records.ts";
import { NotFoundError } from "../errors.ts";
import { type ServiceHandlers, serve } from "./handlers.ts";

/** Handlers over `introspection`. */
export function introspectionService(introspection: Introspection): ServiceHandlers {
  return serve(Service, {
    async plugins({ filters }) {
      return { plugins: (await introspection.plugins(filters)).map(toPlugin) };
    },
    async server() {
      const { uuid, pid, pidns } = await introspection.server();
      return { uuid, pid: BigInt(pid), pidns: BigInt(pidns) };
    },
    async pluginInfo({ type, id }) {
      const filter = `type==${JSON.stringify(type)},id==${JSON.stringify(id)}`;
      const [plugin] = await introspection.plugins([filter]);
      if (plugin === undefined) throw new NotFoundError(`plugin ${type}.${id}`);
      return { plugin: toPlugin(plugin) };
    },
  });
}

/** Handlers that tell the version. */
export function versionService(version: () => Promise<VersionInfo>): ServiceHandlers {
  return serve(Version, { version: async () => ({ ...(await version()) }) });
}

/** Handlers that say that the daemon serves. */
export function healthService(): ServiceHandlers {
  const status = HealthCheckResponse_ServingStatus.SERVING;
  return serve(Health, {
    check: async () => ({ status }),
    async *watch(_request, call) {
      yield { status };
      await new Promise<void>((resolve) =>
        call.signal.addEventListener("abort", () => resolve(), { once: true }),
      );
    },
  });
}
