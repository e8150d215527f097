/**
 * CriClient: the {@linkcode CriRuntime} over gRPC, against ours or any other CRI server.
 *
 * @module
 */
import { connect } from "node:net";
import type { DescService } from "@bufbuild/protobuf";
import {
  ConnectError,
  type CallOptions as ConnectOptions,
  createClient,
  type Transport,
} from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import {
  type CallOptions,
  type CriRuntime,
  IMAGE_METHODS,
  type ImageCalls,
  ImageService,
  RUNTIME_METHODS,
  type RuntimeCalls,
  RuntimeService,
} from "../api/cri.ts";
import { errorCodeOfGrpc } from "../api/grpc_code.ts";
import { RtError } from "../errors.ts";

/** Options of {@linkcode createCriClient}. */
export interface CriClientOptions {
  /** `unix:///path` or a path. */
  readonly address: string;
}

/** gRPC wants an authority in its URL; over a unix socket it is this. */
const AUTHORITY = "http://localhost";

/**
 * A client of the CRI server at `options.address`; it connects with the first call.
 *
 * @example
 * ```ts ignore
 * await using cri = createCriClient({ address: "unix:///run/rt/cri.sock" });
 * const { runtimeName } = await cri.runtime.version({});
 * ```
 */
export function createCriClient(options: CriClientOptions): CriRuntime {
  const path = options.address.replace(/^unix:\/\//, "");
  const session = new Http2SessionManager(AUTHORITY, undefined, { createConnection: () => connect(path) });
  const transport = createGrpcTransport({ baseUrl: AUTHORITY, sessionManager: session });
  return {
    runtime: callsOf<RuntimeCalls>(transport, RuntimeService, RUNTIME_METHODS),
    images: callsOf<ImageCalls>(transport, ImageService, IMAGE_METHODS),
    async [Symbol.asyncDispose]() {
      session.abort();
    },
  };
}

type Call = (request: object, options?: ConnectOptions) => Promise<object>;

function callsOf<C>(transport: Transport, service: DescService, names: readonly string[]): C {
  const client = createClient(service, transport) as unknown as Record<string, Call>;
  const calls = names.map((name) => {
    const call = async (request: object, { signal }: CallOptions = {}): Promise<object> => {
      try {
        return await client[name]!(request, signal === undefined ? {} : { signal });
      } catch (err) {
        throw fromStatus(err);
      }
    };
    return [name, call];
  });
  return Object.fromEntries(calls) as C;
}

/** The error that a status stands for. */
function fromStatus(err: unknown): RtError {
  const { code, rawMessage } = ConnectError.from(err);
  return new RtError(errorCodeOfGrpc(code), rawMessage, { cause: err });
}
