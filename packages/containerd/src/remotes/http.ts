/**
 * HTTP for registries: one request, its answer as a stream, over node:http and node:https.
 *
 * Not `fetch`, because registries on unix sockets, private certificate authorities and uploads with a known length
 * have to work on all engines.
 *
 * @module
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";

/** How to reach a server, beside its URL. */
export interface Connection {
  /** Certificate authorities, PEM. @default the engine's */
  readonly ca?: readonly string[];
  /** Client certificate and key, PEM. */
  readonly client?: { readonly cert: string; readonly key: string };
  /** Whether any certificate will do. @default {false} */
  readonly skipVerify?: boolean;
  /** Speak through this unix socket. */
  readonly socketPath?: string;
}

/** A request. */
export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Whole, or in pieces; pieces need `content-length` among the headers, or go chunked. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
}

/** An answer whose body has not been read. */
export interface HttpResponse {
  readonly status: number;
  /** First value of each header, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Every `www-authenticate` value. */
  readonly challenges: readonly string[];
  readonly body: AsyncIterable<Uint8Array>;
  /** Gives up the body. */
  dispose(): void;
}

/** Longest silence before a connection counts as dead. Milliseconds. */
const IDLE_MS = 60_000;

/** Keeps connections open between requests; dispose it when done. */
export class HttpClient implements Disposable {
  readonly #http = new HttpAgent({ keepAlive: true, maxSockets: 16 });
  readonly #https = new Map<string, HttpsAgent>();

  /** Sends `request` and resolves with the answer's head. Redirects are the caller's. */
  async send(request: HttpRequest, connection: Connection, signal?: AbortSignal): Promise<HttpResponse> {
    signal?.throwIfAborted();
    const secure = request.url.protocol === "https:";
    const options = {
      method: request.method,
      headers: { ...request.headers },
      agent: secure ? this.#secureAgent(connection) : connection.socketPath ? undefined : this.#http,
      ...(connection.socketPath && { socketPath: connection.socketPath }),
      ...(signal && { signal }),
    };
    return await new Promise<HttpResponse>((resolve, reject) => {
      const outgoing = (secure ? httpsRequest : httpRequest)(request.url, options, (incoming) => {
        resolve(response(incoming, request.method === "HEAD"));
      });
      outgoing.setTimeout(IDLE_MS, () => outgoing.destroy(new Error(`no answer for ${IDLE_MS} ms`)));
      outgoing.on("error", reject);
      if (request.body === undefined) outgoing.end();
      else if (request.body instanceof Uint8Array) outgoing.end(request.body);
      else pump(request.body, outgoing).catch((err: Error) => outgoing.destroy(err));
    });
  }

  [Symbol.dispose](): void {
    this.#http.destroy();
    for (const agent of this.#https.values()) agent.destroy();
  }

  #secureAgent(connection: Connection): HttpsAgent {
    const key = JSON.stringify([connection.ca, connection.client, connection.skipVerify]);
    let agent = this.#https.get(key);
    if (agent === undefined) {
      agent = new HttpsAgent({
        keepAlive: true,
        maxSockets: 16,
        ...(connection.ca && { ca: [...connection.ca] }),
        ...(connection.client && { cert: connection.client.cert, key: connection.client.key }),
        ...(connection.skipVerify && { rejectUnauthorized: false }),
      });
      this.#https.set(key, agent);
    }
    return agent;
  }
}

async function pump(body: AsyncIterable<Uint8Array>, into: NodeJS.WritableStream): Promise<void> {
  let wake = (): void => {};
  let failed = false;
  const fail = (): void => {
    failed = true;
    wake();
  };
  into
    .on("error", fail)
    .on("close", fail)
    .on("drain", () => wake());
  for await (const chunk of body) {
    if (failed) return;
    if (into.write(chunk)) continue;
    await new Promise<void>((resolve) => {
      wake = resolve;
      if (failed) resolve();
    });
  }
  into.end();
}

/** A body that is not wanted is read to its end if it is no longer than this, so that the connection lives on. Bytes. */
const DRAIN_LIMIT = 64 * 1024;

function response(incoming: IncomingMessage, empty: boolean): HttpResponse {
  const headers: Record<string, string> = {};
  const challenges: string[] = [];
  const raw = incoming.rawHeaders;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    headers[name] ??= raw[i + 1]!;
    if (name === "www-authenticate") challenges.push(raw[i + 1]!);
  }
  return {
    status: incoming.statusCode ?? 0,
    headers,
    challenges,
    body: whole(incoming),
    dispose() {
      const length = Number(headers["content-length"] ?? Number.POSITIVE_INFINITY);
      // Also what has come whole must be read, or else its connection is never free again.
      if (incoming.complete || empty || length <= DRAIN_LIMIT) incoming.resume();
      else incoming.destroy();
    },
  };
}

/** The body; one that is cut off is an error on every engine. */
async function* whole(incoming: IncomingMessage): AsyncGenerator<Uint8Array, void, void> {
  for await (const chunk of incoming) yield chunk as Uint8Array;
  if (!incoming.complete) throw new Error("connection closed in the midst of a body");
}

/**
 * Reads a body whole.
 *
 * @throws {RangeError} If it is longer than `limitBytes`.
 */
export async function readBody(res: HttpResponse, limitBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of res.body) {
    size += chunk.length;
    if (size > limitBytes) {
      res.dispose();
      throw new RangeError(`answer longer than ${limitBytes} bytes`);
    }
    chunks.push(chunk);
  }
  const out = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}
