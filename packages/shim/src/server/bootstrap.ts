/**
 * The `start` conversation, from the shim's side: what containerd says on stdin, and the answer in kind.
 *
 * | containerd | stdin | answer |
 * |---|---|---|
 * | 1.6, 1.7, 2.0 to 2.2 | runtime options as `Any`, or nothing | bare address |
 * | 2.3 and later | `BootstrapParams` in binary | `BootstrapResult` in binary |
 *
 * BootstrapParams also decode as an `Any` (both begin with two strings); an id and a namespace that equal the flags
 * tell them apart.
 *
 * @module
 */
import type { BootstrapParams } from "../api/gen/containerd/runtime/bootstrap/v1/bootstrap_pb.ts";

/** What was read from stdin. */
export type StartInput =
  | { readonly kind: "options" }
  | {
      readonly kind: "params";
      readonly ttrpcAddress: string;
      readonly grpcAddress: string;
      readonly socketDir: string | undefined;
    };

/** Tells what containerd sent. The decoder is loaded only if there is something to decode. */
export async function readStartInput(input: Uint8Array, id: string, namespace: string): Promise<StartInput> {
  if (input.length === 0) return { kind: "options" };
  const { fromBinary } = await import("@bufbuild/protobuf");
  const { BootstrapParamsSchema } = await import(
    "../api/gen/containerd/runtime/bootstrap/v1/bootstrap_pb.ts"
  );
  let params: BootstrapParams;
  try {
    params = fromBinary(BootstrapParamsSchema, input);
  } catch {
    return { kind: "options" };
  }
  if (params.instanceId !== id || params.namespace !== namespace) return { kind: "options" };
  return {
    kind: "params",
    ttrpcAddress: params.containerdTtrpcAddress,
    grpcAddress: params.containerdGrpcAddress,
    socketDir: params.socketDir,
  };
}

/** The answer to what was read: where the service listens. */
export async function startAnswer(input: StartInput, socket: string): Promise<Uint8Array> {
  const address = `unix://${socket}`;
  if (input.kind === "options") return new TextEncoder().encode(address);
  const { create, toBinary } = await import("@bufbuild/protobuf");
  const { BootstrapResultSchema } = await import(
    "../api/gen/containerd/runtime/bootstrap/v1/bootstrap_pb.ts"
  );
  return toBinary(
    BootstrapResultSchema,
    create(BootstrapResultSchema, { version: 3, address, protocol: "ttrpc" }),
  );
}
