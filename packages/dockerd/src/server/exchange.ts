/**
 * One request and its reply, whatever they travel on: an ordinary HTTP response or an upgraded connection.
 *
 * @module
 */
import type { IncomingHttpHeaders } from "node:http";
import { InvalidParameterError } from "../errors.ts";
import { parseGoJson } from "./go_json.ts";

/** The longest JSON body that is read, in bytes. */
const MAX_JSON_BYTES = 16 * 1024 * 1024;

/** A request, routed. */
export interface ApiRequest {
  readonly method: string;
  /** Path without the version prefix. */
  readonly path: string;
  /** API version asked for, e.g. `1.50`; the newest if the path has none. */
  readonly version: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Fires when the client has gone before the reply was complete. */
  readonly signal: AbortSignal;
  /** The body, to be read once. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Where bytes go; `write` resolves when there is room for more and rejects when the client has gone. */
export interface ByteSink {
  write(data: Uint8Array | string): Promise<void>;
  end(): void;
}

/** A connection that belongs to the handler alone. */
export interface RawConnection extends ByteSink {
  /** What the client sends; ends with its half close. */
  readonly input: AsyncIterable<Uint8Array>;
}

/** Headers of a reply. */
export type ReplyHeaders = Readonly<Record<string, string>>;

/** The reply to one request; exactly one of the three is called, once. */
export interface Reply {
  /** True once a status has been sent. */
  readonly started: boolean;
  /** A complete reply. */
  send(status: number, headers: ReplyHeaders, body?: string | Uint8Array): void;
  /** A reply that is written bit by bit. Headers are on the wire when this returns. */
  stream(status: number, headers: ReplyHeaders): ByteSink;
  /** Takes the connection over: `101` if the client asked for an upgrade, else `200`. */
  hijack(contentType: string): RawConnection;
}

/** Handles one request. A rejection becomes an error reply if nothing was sent. */
export type Handler = (request: ApiRequest, reply: Reply) => Promise<void> | void;

/** Sends `value` as JSON, with the newline that Go's encoder puts. */
export function sendJson(reply: Reply, status: number, value: unknown): void {
  reply.send(status, { "Content-Type": "application/json" }, `${JSON.stringify(value)}\n`);
}

/** Sends a status without body. */
export function sendStatus(reply: Reply, status: number): void {
  reply.send(status, {});
}

/** The whole body as text. @throws {InvalidParameterError} for more than 16 MiB. */
async function readText(request: ApiRequest): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.length;
    if (size > MAX_JSON_BYTES) throw new InvalidParameterError("invalid JSON: request body is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/**
 * The JSON object in the body; undefined if the body is empty.
 *
 * @throws {InvalidParameterError} for another content type, for what is not JSON, and for what is not an object.
 */
export async function readJson(
  request: ApiRequest,
  goType: string,
): Promise<Record<string, unknown> | undefined> {
  const type = request.headers["content-type"] ?? "";
  const text = await readText(request);
  if (type === "" && text === "") return undefined;
  if (type === "") throw new InvalidParameterError("malformed Content-Type header (): mime: no media type");
  if (type.split(";")[0]!.trim().toLowerCase() !== "application/json") {
    throw new InvalidParameterError(`unsupported Content-Type header (${type}): must be 'application/json'`);
  }
  if (text === "") return undefined;
  const value = parseGoJson(text);
  if (value === null) return undefined;
  if (typeof value !== "object" || Array.isArray(value)) {
    const kind = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
    throw new InvalidParameterError(
      `invalid JSON: json: cannot unmarshal ${kind} into Go value of type ${goType}`,
    );
  }
  return value as Record<string, unknown>;
}
