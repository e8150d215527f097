/**
 * HTTP server: an {@linkcode App} behind node:http, with connections that handlers can take over.
 *
 * Engines differ in where the body of a request with `Upgrade` arrives (docs: ENGINES, row 2): on the request, in
 * `head` or on the socket. All three are read until `Content-Length` is reached; what comes after is the stream.
 *
 * @module
 */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { RtError } from "../errors.ts";
import { type App, COMMON_HEADERS, type UnroutedRequest } from "./app.ts";
import type { ByteSink, RawConnection, Reply } from "./exchange.ts";

/** A node:http server that answers with `app`; the caller makes it listen. */
export function createHttpServer(app: App): Server {
  const server = createServer({ keepAlive: true, keepAliveTimeout: 0, requestTimeout: 0 }, (req, res) => {
    void app(unrouted(req, res, req), responseReply(res, req));
  });
  server.headersTimeout = 60_000;
  server.on("upgrade", (req: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on("error", () => {});
    const body = readUpgradeBody(req, socket, head);
    const lazyBody = (async function* () {
      yield await body;
    })();
    void app(unrouted(req, socket, lazyBody), rawReply(socket, req, body));
  });
  server.on("clientError", (_err, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    else socket.destroy();
  });
  return server;
}

/** The request part; its signal fires when `channel` closes before it has been written completely. */
function unrouted(
  req: IncomingMessage,
  channel: ServerResponse | Duplex,
  body: AsyncIterable<Uint8Array>,
): UnroutedRequest {
  let controller: AbortController | undefined;
  return {
    method: req.method ?? "GET",
    url: req.url ?? "/",
    headers: req.headers,
    body,
    get signal() {
      if (controller === undefined) {
        const created = new AbortController();
        const gone = (): void => {
          if (!channel.writableFinished) created.abort(new RtError("CANCELED", "client has gone"));
        };
        if (channel.destroyed) gone();
        else channel.once("close", gone);
        controller = created;
      }
      return controller.signal;
    },
  };
}

/** Reply on an ordinary response. */
function responseReply(res: ServerResponse, req: IncomingMessage): Reply {
  let started = false;
  const head = (status: number, headers: Readonly<Record<string, string>>): void => {
    started = true;
    res.writeHead(status, { ...COMMON_HEADERS, ...headers });
  };
  return {
    get started() {
      return started;
    },
    send(status, headers, body) {
      const bytes = body === undefined ? undefined : Buffer.from(body as string);
      head(
        status,
        status === 204 || status === 304
          ? headers
          : { ...headers, "Content-Length": String(bytes?.length ?? 0) },
      );
      res.end(bytes);
    },
    stream(status, headers) {
      head(status, headers);
      res.flushHeaders();
      return sinkOf(res);
    },
    hijack(contentType) {
      res.shouldKeepAlive = false;
      res.useChunkedEncodingByDefault = false;
      head(200, { "Content-Type": contentType, Connection: "close" });
      res.flushHeaders();
      return { ...sinkOf(res), input: req };
    },
  };
}

/** Reply on a connection that asked for an upgrade. */
function rawReply(socket: Socket, req: IncomingMessage, body: Promise<unknown>): Reply {
  let started = false;
  const head = (status: number, headers: Readonly<Record<string, string>>): void => {
    started = true;
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("")}\r\n`);
  };
  return {
    get started() {
      return started;
    },
    send(status, headers, content) {
      const bytes = Buffer.from((content ?? "") as string);
      head(status, {
        ...COMMON_HEADERS,
        ...headers,
        "Content-Length": String(bytes.length),
        Connection: "close",
      });
      socket.end(bytes);
    },
    stream(status, headers) {
      head(status, { ...COMMON_HEADERS, ...headers, Connection: "close" });
      return sinkOf(socket);
    },
    hijack(contentType): RawConnection {
      const protocol = req.headers.upgrade ?? "tcp";
      socket.setNoDelay?.(true);
      started = true;
      socket.write(
        `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${contentType}\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`,
      );
      return { ...sinkOf(socket), input: readSocket(socket, body) };
    },
  };
}

/** A sink over a Node stream, with its backpressure. */
function sinkOf(channel: ServerResponse | Socket): ByteSink {
  return {
    write(data) {
      if (channel.destroyed) return Promise.reject(new RtError("CANCELED", "client has gone"));
      if (channel.write(data)) return Promise.resolve();
      return new Promise((resolve, reject) => {
        const done = (): void => {
          channel.off("drain", done);
          channel.off("close", done);
          if (channel.destroyed) reject(new RtError("CANCELED", "client has gone"));
          else resolve();
        };
        channel.on("drain", done);
        channel.on("close", done);
      });
    },
    end() {
      channel.end();
    },
  };
}

/** The declared body of an upgrade request, wherever it arrives; bytes beyond it go back to the socket. */
function readUpgradeBody(req: IncomingMessage, socket: Socket, head: Buffer): Promise<Uint8Array> {
  const length = Number(req.headers["content-length"] ?? 0);
  if (!(length > 0)) {
    if (head.length > 0) socket.unshift(head);
    return Promise.resolve(new Uint8Array());
  }
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let size = 0;
    const take = (data: Buffer): void => {
      parts.push(data);
      size += data.length;
      if (size >= length) finish();
    };
    const finish = (): void => {
      req.off("data", take);
      req.off("end", ended);
      socket.off("data", take);
      socket.off("close", finish);
      socket.pause();
      const all = Buffer.concat(parts);
      if (all.length > length) socket.unshift(all.subarray(length));
      resolve(all.subarray(0, length));
    };
    const ended = (): void => {
      if (size >= length) finish();
    };
    req.on("data", take);
    req.on("end", ended);
    socket.on("data", take);
    socket.on("close", finish);
    if (head.length > 0) take(head);
  });
}

/** What arrives on `socket` after the request's body, until the client's half close. */
async function* readSocket(socket: Socket, body: Promise<unknown>): AsyncGenerator<Uint8Array> {
  await body;
  for (;;) {
    const chunk = socket.read() as Buffer | null;
    if (chunk !== null) {
      yield chunk;
    } else if (socket.readableEnded || socket.destroyed) {
      return;
    } else {
      await new Promise<void>((resolve) => {
        const events = ["readable", "end", "close", "error"];
        const done = (): void => {
          for (const event of events) socket.off(event, done);
          resolve();
        };
        for (const event of events) socket.on(event, done);
      });
    }
  }
}
