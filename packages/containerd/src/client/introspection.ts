/**
 * Introspection over gRPC.
 *
 * @module
 */
import { createClient, type Transport } from "@connectrpc/connect";
import { Introspection as Service } from "../api/gen/containerd/services/introspection/v1/introspection_pb.ts";
import type { Introspection } from "../api/introspection.ts";
import { fromPlugin } from "../api/wire/records.ts";
import { callOptions, unary } from "./call.ts";

/** Introspection of the daemon behind `transport`. */
export function introspectionClient(transport: Transport): Introspection {
  const client = createClient(Service, transport);
  return {
    async plugins(filters, call) {
      return (await unary(client.plugins({ filters: [...filters] }, callOptions(call)))).plugins.map(
        fromPlugin,
      );
    },
    async server(call) {
      const s = await unary(client.server({}, callOptions(call)));
      return { uuid: s.uuid, pid: Number(s.pid), pidns: Number(s.pidns) };
    },
  };
}
