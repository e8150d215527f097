/**
 * ttrpc client: a connection that makes calls, and typed clients as a loop over a service's descriptor.
 *
 * ttrpc cannot cancel: a call given up (signal, timeout) is forgotten here, and its answer ignored when it comes.
 * Source: containerd/ttrpc client.go.
 *
 * @module
 */
import type { Duplex } from "node:stream";
import {
  create,
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  type Message,
  toBinary,
} from "@bufbuild/protobuf";
import { RtError } from "@rt/runc/oci";
import { ConnectionClosedError, OversizedMessageError, ProtocolError } from "../errors.ts";
import { Channel } from "./channel.ts";
import { decodeResponse, encodeRequest } from "./codec.ts";
import { type Frame, FrameFlag, FrameType, MAX_DATA_BYTES } from "./frame.ts";
import { metadataEntries } from "./metadata.ts";
import type { TtrpcCallOptions, TtrpcClient } from "./service.ts";
import { errorOf } from "./status.ts";
import { Inbox } from "./stream.ts";

const none = new Uint8Array(0);

/** The end of a wait that the caller gave up. Texts as Go's context errors, which peers match. */
function abandoned(signal: AbortSignal): RtError {
  const timeout = signal.reason instanceof Error && signal.reason.name === "TimeoutError";
  return timeout
    ? new RtError("DEADLINE_EXCEEDED", "context deadline exceeded", { cause: signal.reason })
    : new RtError("CANCELED", "context canceled", { cause: signal.reason });
}

/** A client connection: many calls at a time over one duplex. */
export class TtrpcConnection implements AsyncDisposable {
  readonly #channel: Channel;
  readonly #streams = new Map<number, Inbox<Uint8Array>>();
  #nextId = 1;
  #cause: unknown;

  /** Speaks ttrpc over `duplex`, which belongs to the connection from now on. */
  constructor(duplex: Duplex) {
    this.#channel = new Channel(duplex, {
      frame: (frame) => this.#receive(frame),
      closed: (cause) => {
        this.#cause = cause;
        for (const inbox of this.#streams.values()) inbox.end(new ConnectionClosedError(cause));
        this.#streams.clear();
      },
    });
  }

  /** Whether the connection has ended. */
  get isClosed(): boolean {
    return this.#channel.isClosed;
  }

  /** Resolves when the connection has ended. */
  get closed(): Promise<void> {
    return this.#channel.done;
  }

  /** Typed client of `service` over this connection; `defaults` hold for calls that do not say otherwise. */
  client<S extends DescService>(service: S, defaults: TtrpcCallOptions = {}): TtrpcClient<S> {
    const client: Record<string, unknown> = {};
    for (const method of service.methods) {
      client[method.localName] = (input: unknown, options: TtrpcCallOptions = {}) =>
        this.#callTyped(method, input, { ...defaults, ...options });
    }
    return client as TtrpcClient<S>;
  }

  /**
   * Makes a call without streams, in bytes.
   *
   * @throws {RemoteError} with the peer's code and text; {ConnectionClosedError} `UNAVAILABLE`; `CANCELED` or
   *   `DEADLINE_EXCEEDED` when given up.
   */
  async call(
    service: string,
    method: string,
    payload: Uint8Array,
    options: TtrpcCallOptions = {},
  ): Promise<Uint8Array> {
    for await (const answer of this.#open(service, method, payload, 0, undefined, options)) return answer;
    throw new ProtocolError(`no answer to ${service}/${method}`);
  }

  /** Makes a call with streams, in bytes: `payload` is the only request, or `requests` are. */
  stream(
    service: string,
    method: string,
    request: { readonly payload: Uint8Array } | { readonly requests: AsyncIterable<Uint8Array> },
    options: TtrpcCallOptions = {},
  ): AsyncIterable<Uint8Array> {
    return "requests" in request
      ? this.#open(service, method, none, FrameFlag.remoteOpen, request.requests, options)
      : this.#open(service, method, request.payload, FrameFlag.remoteClosed, undefined, options);
  }

  #callTyped(method: DescMethod, input: unknown, options: TtrpcCallOptions): unknown {
    const service = method.parent.typeName;
    const encode = (message: unknown): Uint8Array =>
      toBinary(method.input, create(method.input as DescMessage, message as Message));
    const decode = (bytes: Uint8Array): Message => fromBinary(method.output, bytes);
    switch (method.methodKind) {
      case "unary":
        return this.call(service, method.name, encode(input), options).then(decode);
      case "server_streaming":
        return map(this.stream(service, method.name, { payload: encode(input) }, options), decode);
      case "client_streaming": {
        const requests = map(input as AsyncIterable<unknown>, encode);
        return only(this.stream(service, method.name, { requests }, options)).then(decode);
      }
      case "bidi_streaming": {
        const requests = map(input as AsyncIterable<unknown>, encode);
        return map(this.stream(service, method.name, { requests }, options), decode);
      }
    }
  }

  async *#open(
    service: string,
    method: string,
    payload: Uint8Array,
    flags: number,
    requests: AsyncIterable<Uint8Array> | undefined,
    options: TtrpcCallOptions,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { timeoutMs } = options;
    const signals = [
      options.signal,
      timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs),
    ].filter((s) => s !== undefined);
    const signal = signals.length > 1 ? AbortSignal.any(signals) : signals[0];
    if (signal?.aborted) throw abandoned(signal);
    if (this.isClosed) throw new ConnectionClosedError(this.#cause);
    const data = encodeRequest({
      service,
      method,
      payload,
      timeoutNanos: timeoutMs === undefined ? 0n : BigInt(Math.max(1, Math.round(timeoutMs * 1e6))),
      metadata: options.metadata === undefined ? [] : metadataEntries(options.metadata),
    });
    if (data.length > MAX_DATA_BYTES) throw new OversizedMessageError(data.length, MAX_DATA_BYTES);
    const id = this.#nextId;
    this.#nextId += 2;
    const inbox = new Inbox<Uint8Array>();
    this.#streams.set(id, inbox);
    const giveUp = (): void => inbox.end(abandoned(signal as AbortSignal));
    signal?.addEventListener("abort", giveUp, { once: true });
    try {
      const sent = this.#channel.send(id, FrameType.request, flags, data);
      if (requests === undefined) void sent.catch((err) => inbox.end(err));
      else void sent.then(() => this.#sendAll(id, inbox, requests)).catch((err) => inbox.end(err));
      yield* inbox;
    } finally {
      signal?.removeEventListener("abort", giveUp);
      this.#streams.delete(id);
    }
  }

  async #sendAll(id: number, inbox: Inbox<Uint8Array>, requests: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const request of requests) {
      if (inbox.ended) return;
      await this.#channel.send(id, FrameType.data, 0, request);
    }
    if (!inbox.ended)
      await this.#channel.send(id, FrameType.data, FrameFlag.remoteClosed | FrameFlag.noData, none);
  }

  #receive(frame: Frame): void {
    const inbox = this.#streams.get(frame.streamId);
    if (inbox === undefined) return;
    if (frame.oversized !== undefined) {
      inbox.end(new OversizedMessageError(frame.oversized, MAX_DATA_BYTES));
      return;
    }
    if (frame.type === FrameType.response) this.#finish(inbox, frame.data);
    else if (frame.type === FrameType.data) {
      if ((frame.flags & FrameFlag.noData) === 0 && !inbox.push(frame.data)) inbox.overflow();
      if ((frame.flags & FrameFlag.remoteClosed) !== 0) inbox.end();
    }
  }

  #finish(inbox: Inbox<Uint8Array>, data: Uint8Array): void {
    try {
      const { status, payload } = decodeResponse(data);
      if (status !== undefined && status.code !== 0) inbox.end(errorOf(status));
      else {
        inbox.push(payload);
        inbox.end();
      }
    } catch (err) {
      inbox.end(new ProtocolError("malformed response", { cause: err }));
    }
  }

  /** Ends the connection; calls under way reject with `UNAVAILABLE`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#channel[Symbol.asyncDispose]();
  }
}

/** `source` with `f` applied to each item. */
async function* map<A, B>(source: AsyncIterable<A>, f: (item: A) => B): AsyncGenerator<B, void, undefined> {
  for await (const item of source) yield f(item);
}

/** The only item of `source`. */
async function only(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  for await (const item of source) return item;
  throw new ProtocolError("stream ended without an answer");
}
