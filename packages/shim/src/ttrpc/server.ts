/**
 * ttrpc server: serves services, given as descriptor and implementation, on any duplex.
 *
 * Bad frames never end more than their own stream; texts of refusals are the peer's.
 * Source: containerd/ttrpc server.go, services.go.
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
import { messageOf, RtError } from "@rt/runc/oci";
import { Channel } from "./channel.ts";
import { decodeRequest, encodeResponse, type RequestMessage } from "./codec.ts";
import { type Frame, FrameFlag, FrameType, MAX_DATA_BYTES } from "./frame.ts";
import { metadataOf } from "./metadata.ts";
import type { ServiceImpl, TtrpcContext } from "./service.ts";
import { statusOf } from "./status.ts";
import { Inbox } from "./stream.ts";

const none = new Uint8Array(0);
const MAX_TIMER_MS = 0x7fffffff;

type Handler = (input: unknown, context: TtrpcContext) => unknown;

/** A method that can be called. */
interface Route {
  readonly method: DescMethod;
  readonly handler: Handler | undefined;
}

/** The services that a server offers. */
export class TtrpcRouter {
  readonly #services = new Map<string, Map<string, Route>>();

  /** Adds `service`; methods that `impl` lacks answer UNIMPLEMENTED. */
  add<S extends DescService>(service: S, impl: ServiceImpl<S>): this {
    const handlers = impl as Readonly<Record<string, Handler | undefined>>;
    const routes = service.methods.map((method): [string, Route] => [
      method.name,
      { method, handler: handlers[method.localName]?.bind(impl) },
    ]);
    this.#services.set(service.typeName, new Map(routes));
    return this;
  }

  /** @throws {RtError} `NOT_IMPLEMENTED` in the peer's words if there is no such method. */
  find(service: string, method: string): Required<Route> & { readonly handler: Handler } {
    const routes = this.#services.get(service);
    if (routes === undefined) throw new RtError("NOT_IMPLEMENTED", `service ${service}`);
    const route = routes.get(method);
    if (route?.handler === undefined) throw new RtError("NOT_IMPLEMENTED", `method ${method}`);
    return { method: route.method, handler: route.handler };
  }
}

/** Serves the router's services on `duplex` until the client is gone. */
export class TtrpcServerConnection implements AsyncDisposable {
  readonly #router: TtrpcRouter;
  readonly #channel: Channel;
  readonly #inboxes = new Map<number, Inbox<Uint8Array>>();
  readonly #gone = new AbortController();
  #lastId = 0;

  /** Starts serving; `duplex` belongs to the connection from now on. */
  constructor(router: TtrpcRouter, duplex: Duplex) {
    this.#router = router;
    this.#channel = new Channel(duplex, {
      frame: (frame) => this.#receive(frame),
      closed: () => {
        const reason = new RtError("CANCELED", "context canceled");
        this.#gone.abort(reason);
        for (const inbox of this.#inboxes.values()) inbox.end(reason);
      },
    });
  }

  /** Resolves when the client is gone. */
  get closed(): Promise<void> {
    return this.#channel.done;
  }

  #receive(frame: Frame): void {
    const { streamId: id } = frame;
    if (frame.oversized !== undefined) {
      this.#refuse(
        id,
        "RESOURCE_EXHAUSTED",
        `message length ${frame.oversized} exceed maximum message size of ${MAX_DATA_BYTES}`,
      );
    } else if (id % 2 !== 1) {
      this.#refuse(id, "INVALID_ARGUMENT", "StreamID must be odd for client initiated streams");
    } else if (frame.type === FrameType.data) this.#receiveData(frame);
    else if (frame.type === FrameType.request) {
      if (id <= this.#lastId) {
        this.#refuse(id, "INVALID_ARGUMENT", "StreamID cannot be re-used and must increment");
        return;
      }
      this.#lastId = id;
      this.#accept(frame);
    }
  }

  #receiveData(frame: Frame): void {
    const inbox = this.#inboxes.get(frame.streamId);
    if (inbox === undefined || inbox.ended) {
      this.#refuse(frame.streamId, "INVALID_ARGUMENT", "StreamID is no longer active");
      return;
    }
    if ((frame.flags & FrameFlag.noData) === 0 && !inbox.push(frame.data)) {
      this.#respond(frame.streamId, inbox.overflow());
      return;
    }
    if ((frame.flags & FrameFlag.remoteClosed) !== 0) inbox.end();
  }

  #accept(frame: Frame): void {
    const { streamId: id } = frame;
    let request: RequestMessage;
    try {
      request = decodeRequest(frame.data);
    } catch (err) {
      this.#refuse(id, "INVALID_ARGUMENT", `unmarshal request error: ${messageOf(err)}`);
      return;
    }
    let route: ReturnType<TtrpcRouter["find"]>;
    try {
      route = this.#router.find(request.service, request.method);
    } catch (err) {
      this.#respond(id, err);
      return;
    }
    const inbox = new Inbox<Uint8Array>();
    const kind = route.method.methodKind;
    const clientStreams = kind === "client_streaming" || kind === "bidi_streaming";
    if (!clientStreams || request.payload.length > 0) inbox.push(request.payload);
    if ((frame.flags & FrameFlag.remoteOpen) === 0) inbox.end();
    this.#inboxes.set(id, inbox);
    void this.#run(id, route, request, inbox).finally(() => this.#inboxes.delete(id));
  }

  /** Calls the handler and sends what it answers; the call's time bounds it even if the handler does not end. */
  async #run(
    id: number,
    route: ReturnType<TtrpcRouter["find"]>,
    request: RequestMessage,
    inbox: Inbox<Uint8Array>,
  ): Promise<void> {
    const timer = new AbortController();
    const timeoutMs = Number(request.timeoutNanos) / 1e6;
    const signal = timeoutMs > 0 ? AbortSignal.any([this.#gone.signal, timer.signal]) : this.#gone.signal;
    const context: TtrpcContext = { signal, metadata: metadataOf(request.metadata) };
    const work = this.#handle(id, route, inbox, context);
    let clock: ReturnType<typeof setTimeout> | undefined;
    const contenders = [work];
    if (timeoutMs > 0) {
      contenders.push(
        new Promise((_, reject) => {
          clock = setTimeout(
            () => {
              const late = new RtError("DEADLINE_EXCEEDED", "context deadline exceeded");
              timer.abort(late);
              reject(late);
            },
            Math.min(timeoutMs, MAX_TIMER_MS),
          );
        }),
      );
    }
    try {
      await Promise.race(contenders);
    } catch (err) {
      this.#respond(id, err);
      work.catch(() => {});
    } finally {
      clearTimeout(clock);
    }
  }

  async #handle(
    id: number,
    { method, handler }: ReturnType<TtrpcRouter["find"]>,
    inbox: Inbox<Uint8Array>,
    context: TtrpcContext,
  ): Promise<void> {
    const decode = (bytes: Uint8Array): Message => {
      try {
        return fromBinary(method.input, bytes);
      } catch (err) {
        throw new RtError("INTERNAL", `ttrpc: error unmarshalling payload: ${messageOf(err)}`, {
          cause: err,
        });
      }
    };
    const encode = (message: unknown): Uint8Array =>
      toBinary(method.output, create(method.output as DescMessage, message as Message));
    const kind = method.methodKind;
    let input: unknown;
    if (kind === "client_streaming" || kind === "bidi_streaming") input = decodeAll(inbox, decode);
    else {
      const first = await inbox.next();
      input = decode(first.done ? none : first.value);
    }
    const output = handler(input, context);
    if (kind === "unary" || kind === "client_streaming") {
      const payload = encode(await output);
      await this.#sendResponse(id, encodeResponse({ status: undefined, payload }));
      return;
    }
    for await (const message of output as AsyncIterable<unknown>) {
      if (context.signal.aborted) return;
      await this.#channel.send(id, FrameType.data, 0, encode(message));
    }
    if (!context.signal.aborted)
      await this.#channel.send(id, FrameType.data, FrameFlag.remoteClosed | FrameFlag.noData, none);
  }

  #refuse(id: number, code: "INVALID_ARGUMENT" | "RESOURCE_EXHAUSTED", message: string): void {
    this.#respond(id, new RtError(code, message));
  }

  #respond(id: number, err: unknown): void {
    void this.#sendResponse(id, encodeResponse({ status: statusOf(err), payload: none })).catch(() => {});
  }

  async #sendResponse(id: number, data: Uint8Array): Promise<void> {
    if (this.#channel.isClosed) return;
    await this.#channel.send(id, FrameType.response, 0, data);
  }

  /** Ends the connection after what was sent so far has left. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#channel[Symbol.asyncDispose]();
  }
}

async function* decodeAll(
  source: AsyncIterable<Uint8Array>,
  decode: (bytes: Uint8Array) => Message,
): AsyncGenerator<Message, void, undefined> {
  for await (const bytes of source) yield decode(bytes);
}
