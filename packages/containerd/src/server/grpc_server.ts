/**
 * The gRPC server: our handlers on @connectrpc/connect-node, HTTP/2 on a unix socket.
 *
 * The one file that knows the gRPC library on this side; handlers do not.
 *
 * @module
 */
import { createServer, type Http2Server, type ServerHttp2Session } from "node:http2";
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { ConnectError, type ConnectRouter, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import type { Logger } from "../oci.ts";
import { toGrpcStatus } from "./errgrpc.ts";
import type { ServerCall, ServiceHandlers } from "./handlers.ts";
import { listenUnix } from "./listen_unix.ts";

/** Longest message that is taken. Bytes; containerd's default. */
const maxMessageBytes = 16 * 1024 * 1024;

/** Resets of streams that are borne. Go's content client ends each read of 32 KiB by one; behind a 0600 socket that is no attack. */
const noLimit = 2 ** 31;

/** A running server. */
export interface GrpcServer extends AsyncDisposable {
  readonly address: string;
}

/** Options for {@linkcode serveGrpc}. */
export interface GrpcServerOptions {
  readonly log?: Logger;
}

/** Serves `services` on the unix socket `address`; disposing ends every call and removes the socket. */
export async function serveGrpc(
  address: string,
  services: readonly ServiceHandlers[],
  options: GrpcServerOptions = {},
): Promise<GrpcServer> {
  const closing = new AbortController();
  const adapter = connectNodeAdapter({
    routes: (router) => {
      for (const service of services) bind(router, service, options.log);
    },
    connect: false,
    grpcWeb: false,
    acceptCompression: [],
    readMaxBytes: maxMessageBytes,
    shutdownSignal: closing.signal,
    fallback: unimplemented,
  });
  const sessions = new Set<ServerHttp2Session>();
  const server: Http2Server = createServer({ streamResetBurst: noLimit, streamResetRate: noLimit }, adapter);
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
  });
  // A client that goes away in the middle is not worth more than the end of its calls.
  server.on("sessionError", (err) => options.log?.debug("client connection failed", { err }));
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

/** Answers a path that no handler has, as gRPC does. */
function unimplemented(
  request: { url?: string | undefined },
  response: { writeHead(status: number, headers: Record<string, string>): unknown; end(): unknown },
): void {
  const [, service = "", method = ""] = (request.url ?? "").split("/");
  response.writeHead(200, {
    "content-type": "application/grpc",
    "grpc-status": "12",
    "grpc-message": encodeURI(`unknown method ${method} for service ${service}`),
  });
  response.end();
}

function bind(router: ConnectRouter, { service, handlers }: ServiceHandlers, log: Logger | undefined): void {
  const implementation: Record<string, unknown> = {};
  for (const [name, method] of Object.entries(service.method)) {
    const handler = (handlers as Record<string, unknown>)[name];
    implementation[name] = adapt(service, method, handler as AnyHandler, log);
  }
  router.service(service, implementation as Partial<ServiceImpl<DescService>>);
}

type AnyHandler = (request: unknown, call: ServerCall) => Promise<unknown> | AsyncIterable<unknown>;

function adapt(
  service: DescService,
  method: DescMethod,
  handler: AnyHandler,
  log: Logger | undefined,
): unknown {
  const fail = (err: unknown): ConnectError => {
    const { code, message } = toGrpcStatus(err);
    log?.debug("call failed", { method: `/${service.typeName}/${method.name}`, code, err });
    return new ConnectError(message, code);
  };
  if (method.methodKind === "unary") {
    return async (request: unknown, context: HandlerContext) => {
      try {
        return await (handler(request, callOf(context)) as Promise<unknown>);
      } catch (err) {
        throw fail(err);
      }
    };
  }
  return async function* (request: unknown, context: HandlerContext) {
    try {
      yield* handler(request, callOf(context)) as AsyncIterable<unknown>;
    } catch (err) {
      throw fail(err);
    }
  };
}

function callOf(context: HandlerContext): ServerCall {
  const lease = context.requestHeader.get("containerd-lease");
  return {
    namespace: context.requestHeader.get("containerd-namespace") ?? "",
    signal: context.signal,
    ...(lease === null || lease === "" ? {} : { lease }),
  };
}
