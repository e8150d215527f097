/**
 * The gRPC server: a {@linkcode CriRuntime} on a unix socket, by @connectrpc/connect-node.
 *
 * Each method decodes, makes one call, encodes, and maps the error; methods without a call answer UNIMPLEMENTED.
 *
 * @module
 */
import { createServer, type ServerHttp2Session } from "node:http2";
import type { DescService } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ConnectRouter,
  type HandlerContext,
  type ServiceImpl,
} from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { type CallOptions, type CriRuntime, ImageService, RuntimeService } from "../api/cri.ts";
import { GRPC_CODE } from "../api/grpc_code.ts";
import { codeOf, messageOf } from "../errors.ts";
import { type Logger, silentLogger } from "../oci.ts";
import { listenUnix } from "./listen_unix.ts";

/** Longest message that is taken. Bytes; the kubelet's own limit. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** A running server. */
export interface CriServer extends AsyncDisposable {
  /** Path of the socket. */
  readonly address: string;
}

/** Options of {@linkcode serveCri}. */
export interface CriServerOptions {
  readonly log?: Logger;
}

/** Serves `cri` on the unix socket `address`; disposing ends every call and removes the socket. */
export async function serveCri(
  address: string,
  cri: CriRuntime,
  options: CriServerOptions = {},
): Promise<CriServer> {
  const { log = silentLogger } = options;
  const closing = new AbortController();
  const adapter = connectNodeAdapter({
    routes: (router) => {
      bind(router, RuntimeService, cri.runtime, log);
      bind(router, ImageService, cri.images, log);
    },
    connect: false,
    grpcWeb: false,
    acceptCompression: [],
    readMaxBytes: MAX_MESSAGE_BYTES,
    shutdownSignal: closing.signal,
    fallback: unimplemented,
  });
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer({}, adapter);
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
  });
  // A client that goes away in the middle is not worth more than the end of its calls.
  server.on("sessionError", (err) => log.debug("client connection failed", { err }));
  const listening = await listenUnix(server, address);
  return {
    address,
    async [Symbol.asyncDispose]() {
      closing.abort();
      const closed = listening[Symbol.asyncDispose]();
      for (const session of sessions) session.destroy();
      await closed;
    },
  };
}

type Call = (request: object, options: CallOptions) => Promise<object>;

function bind(router: ConnectRouter, service: DescService, calls: object, log: Logger): void {
  const implementation = Object.entries(calls as Record<string, Call>).map(([name, call]) => {
    const method = `/${service.typeName}/${service.method[name]!.name}`;
    return [
      name,
      async (request: object, { signal }: HandlerContext) => {
        try {
          return await call(request, { signal });
        } catch (err) {
          log.debug("call failed", { method, err });
          throw toStatus(err);
        }
      },
    ];
  });
  router.service(service, Object.fromEntries(implementation) as Partial<ServiceImpl<DescService>>);
}

/** The gRPC status of any thrown value. */
export function toStatus(err: unknown): ConnectError {
  return new ConnectError(messageOf(err), GRPC_CODE[codeOf(err)] as Code);
}

/** Answers a path that is no method, as gRPC does. */
function unimplemented(
  request: { url?: string | undefined },
  response: { writeHead(status: number, headers: Record<string, string>): unknown; end(): unknown },
): void {
  const [, service = "", method = ""] = (request.url ?? "").split("/");
  response.writeHead(200, {
    "content-type": "application/grpc",
    "grpc-status": String(Code.Unimplemented),
    "grpc-message": encodeURI(`unknown method ${method} for service ${service}`),
  });
  response.end();
}
