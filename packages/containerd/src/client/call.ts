/**
 * What every client call does alike: metadata out, errors in.
 *
 * @module
 */
import { type CallOptions, ConnectError } from "@connectrpc/connect";
import type { Call, DaemonCall } from "../api/call.ts";
import { errorCodeOfGrpc } from "../api/wire/grpc_code.ts";
import { RtError } from "../errors.ts";

/** Metadata and signal of a call. */
export function callOptions(call: Call | DaemonCall | undefined): CallOptions {
  const headers: Record<string, string> = {};
  if (call !== undefined && "namespace" in call) {
    headers["containerd-namespace"] = call.namespace;
    if (call.lease !== undefined) headers["containerd-lease"] = call.lease;
  }
  return { headers, ...(call?.signal === undefined ? {} : { signal: call.signal }) };
}

/** Our error for whatever the transport threw: its class, the daemon's literal text. */
export function fromWireError(err: unknown): RtError {
  const wire = ConnectError.from(err);
  return new RtError(errorCodeOfGrpc(wire.code), wire.rawMessage, { cause: err });
}

/** Runs one unary call. */
export async function unary<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (err) {
    throw fromWireError(err);
  }
}

/** Runs one streaming call, item by item. */
export async function* stream<T, R>(
  items: AsyncIterable<T>,
  map: (item: T) => Iterable<R>,
): AsyncGenerator<R, void> {
  try {
    for await (const item of items) yield* map(item);
  } catch (err) {
    throw err instanceof ConnectError ? fromWireError(err) : err;
  }
}
