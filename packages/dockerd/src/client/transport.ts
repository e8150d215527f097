/**
 * Transport of the client: HTTP requests to an engine on a unix socket or TCP, version negotiation, connections
 * that are taken over.
 *
 * Source: moby `client/request.go`, `client/hijack.go`.
 *
 * @module
 */
import { Agent, request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import type { Socket } from "node:net";
import { API_VERSION, compareVersions } from "../api/version.ts";
import { InvalidParameterError, RtError } from "../errors.ts";
import { codeOfStatus } from "./status.ts";

/** A query: absent and false values are left out. */
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** What a request can carry. */
export interface TransportRequest {
  readonly query?: Query;
  readonly json?: unknown;
  readonly body?: AsyncIterable<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** A connection that was taken over. */
export interface HijackedConnection {
  readonly socket: Socket;
  readonly contentType: string;
  /** What came with the headers already. */
  readonly head: Uint8Array;
}

/** Requests to one engine. */
export interface EngineTransport extends AsyncDisposable {
  /** The reply, its body unread. @throws {RtError} with the engine's text for status 400 and above, and for 304. */
  send(method: string, path: string, request?: TransportRequest): Promise<IncomingMessage>;
  /** The reply's JSON. */
  json<T>(method: string, path: string, request?: TransportRequest): Promise<T>;
  /** Sends and reads nothing. */
  done(method: string, path: string, request?: TransportRequest): Promise<void>;
  /** Sends and takes the connection over. */
  hijack(path: string, request?: TransportRequest): Promise<HijackedConnection>;
}

/** Where `address` (`unix:///path` or `tcp://host:port`) connects to. */
function connectOptions(address: string): Pick<RequestOptions, "socketPath" | "host" | "port"> {
  if (address.startsWith("unix://")) return { socketPath: address.slice("unix://".length) };
  if (address.startsWith("/")) return { socketPath: address };
  const match = /^(?:tcp|http):\/\/([^/:]+|\[[0-9a-f:]+\]):([0-9]+)\/?$/i.exec(address);
  if (match === null) throw new InvalidParameterError(`unable to parse docker host \`${address}\``);
  return { host: match[1]!.replace(/^\[|\]$/g, ""), port: Number(match[2]) };
}

/** Makes the transport to the engine at `address`. */
export function createTransport(address: string): EngineTransport {
  const target = connectOptions(address);
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 4 });
  let version: Promise<string> | undefined;

  const raw = (
    method: string,
    path: string,
    request: TransportRequest,
    extra: Readonly<Record<string, string>>,
    onUpgrade?: (connection: HijackedConnection) => void,
  ): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const json = request.json === undefined ? undefined : Buffer.from(JSON.stringify(request.json));
      const headers: Record<string, string | number> = {
        Host: "api.moby.localhost",
        ...request.headers,
        ...extra,
      };
      if (json !== undefined) {
        headers["Content-Type"] = "application/json";
        headers["Content-Length"] = json.length;
      } else if (request.body === undefined && method !== "GET" && method !== "HEAD") {
        headers["Content-Length"] = 0;
      }
      const req = httpRequest({
        ...target,
        method,
        path: path + queryText(request.query),
        headers,
        agent: onUpgrade === undefined ? agent : false,
        ...(request.signal === undefined ? {} : { signal: request.signal }),
      });
      req.on("response", resolve);
      req.on("error", (err: NodeJS.ErrnoException) => reject(connectError(err, address, request.signal)));
      if (onUpgrade !== undefined) {
        req.on("upgrade", (res, socket, head) => {
          const contentType = res.headers["content-type"] ?? "";
          onUpgrade({ socket: socket as Socket, contentType, head });
        });
      }
      if (request.body === undefined) req.end(json);
      else void pump(request.body, req).catch((err) => req.destroy(err as Error));
    });

  /** The version both sides speak, found out once. */
  const negotiated = (): Promise<string> => {
    version ??= raw("GET", "/_ping", {}, {}).then(
      (res) => {
        res.resume();
        const theirs = String(res.headers["api-version"] ?? "1.24");
        return compareVersions(theirs, API_VERSION) < 0 ? theirs : API_VERSION;
      },
      (err) => {
        version = undefined;
        throw err;
      },
    );
    return version;
  };

  const send = async (
    method: string,
    path: string,
    request: TransportRequest = {},
  ): Promise<IncomingMessage> => {
    const prefix = path === "/_ping" ? "" : `/v${await negotiated()}`;
    const res = await raw(method, prefix + path, request, {});
    if ((res.statusCode ?? 500) >= 300) throw await replyError(res);
    return res;
  };
  return {
    send,
    async json<T>(method: string, path: string, request?: TransportRequest) {
      return JSON.parse(await readAll(await send(method, path, request))) as T;
    },
    async done(method, path, request) {
      (await send(method, path, request)).resume();
    },
    async hijack(path, request = {}) {
      const prefix = `/v${await negotiated()}`;
      const upgrade = { Connection: "Upgrade", Upgrade: "tcp" };
      return await new Promise<HijackedConnection>((resolve, reject) => {
        raw("POST", prefix + path, request, upgrade, resolve).then(async (res) => {
          if ((res.statusCode ?? 500) >= 300) reject(await replyError(res));
          else reject(new RtError("NOT_IMPLEMENTED", "unable to upgrade to tcp, received 200"));
        }, reject);
      });
    },
    async [Symbol.asyncDispose]() {
      agent.destroy();
    },
  };
}

/** `?a=b` of a query, or nothing. */
function queryText(query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "object") for (const item of value) params.append(key, item);
    else params.append(key, value === true ? "1" : String(value));
  }
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}

/** Writes `body` to `req` with its backpressure, and ends it. */
async function pump(body: AsyncIterable<Uint8Array>, req: ReturnType<typeof httpRequest>): Promise<void> {
  for await (const chunk of body) {
    if (!req.write(chunk)) await new Promise<void>((resolve) => req.once("drain", resolve));
  }
  req.end();
}

/** All text of a reply. */
async function readAll(res: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of res) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/** The error that a reply tells. */
async function replyError(res: IncomingMessage): Promise<RtError> {
  const status = res.statusCode ?? 500;
  const text = await readAll(res);
  let message = text.trim() || `request returned status ${status}`;
  try {
    const body = JSON.parse(text) as { message?: unknown };
    if (typeof body.message === "string") message = body.message;
  } catch {
    // Not JSON: the text itself is the message.
  }
  return new RtError(codeOfStatus(status), message, { details: { status } });
}

/** The error for a request that got no reply. */
function connectError(err: NodeJS.ErrnoException, address: string, signal?: AbortSignal): RtError {
  if (signal?.aborted) return new RtError("CANCELED", "request canceled", { cause: err });
  const text = `Cannot connect to the Docker daemon at ${address}. Is the docker daemon running?`;
  return new RtError("UNAVAILABLE", text, { cause: err });
}
