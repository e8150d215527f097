/**
 * The exchange: events of this daemon and of shims, to whoever subscribed.
 *
 * Each subscriber has a queue of its own, so that a slow one delays nobody; a queue that grows beyond a bound ends its
 * subscription with an error instead of filling memory.
 * Source: containerd core/events/exchange (rules and texts).
 *
 * @module
 */
import type { ContainerdEvent } from "../api/event.ts";
import type { Envelope, Events } from "../api/events.ts";
import { decodeEventFields, encodeEvent } from "../api/wire/event.ts";
import { InvalidArgumentError, RtError } from "../errors.ts";
import { type FieldReader, parseFilters } from "../metadata/filter.ts";
import { validateIdentifier, validateNamespace } from "../metadata/identifier.ts";

/** Events that may wait for one subscriber. */
const queueLimit = 100_000;

/** The event service of this daemon. */
export interface Exchange extends Events, Disposable {
  /** Publishes an event that this daemon made. */
  emit(namespace: string, event: ContainerdEvent): void;
}

/** Makes an exchange. */
export function createExchange(): Exchange {
  const subscribers = new Set<Subscription>();
  const send = (envelope: Envelope): void => {
    for (const subscriber of subscribers) subscriber.offer(envelope);
  };
  return {
    emit(namespace, event) {
      send({ timestamp: new Date(), namespace, topic: event.topic, event: encodeEvent(event) });
    },
    async publish(topic, event, call) {
      validateNamespace(call.namespace);
      validateTopic(topic);
      send({ timestamp: new Date(), namespace: call.namespace, topic, event });
    },
    async forward(envelope) {
      validateIdentifier(envelope.namespace, "event envelope has invalid namespace");
      validateTopic(envelope.topic);
      if (envelope.timestamp.getTime() <= 0) {
        throw new InvalidArgumentError("timestamp must be set on forwarded event");
      }
      send(envelope);
    },
    subscribe(filters, call) {
      const subscription = new Subscription(
        parseFilters(filters),
        (s) => subscribers.delete(s),
        call?.signal,
      );
      subscribers.add(subscription);
      return subscription;
    },
    [Symbol.dispose]() {
      for (const subscriber of subscribers) subscriber.end();
    },
  };
}

function validateTopic(topic: string): void {
  const clause = `envelope topic ${JSON.stringify(topic)}`;
  if (topic === "") throw new InvalidArgumentError(`${clause}: must not be empty`);
  if (!topic.startsWith("/")) throw new InvalidArgumentError(`${clause}: must start with '/'`);
  if (topic.length === 1) throw new InvalidArgumentError(`${clause}: must have at least one component`);
  for (const component of topic.slice(1).split("/")) {
    validateIdentifier(component, `${clause}: failed validation on component ${JSON.stringify(component)}`);
  }
}

/** Fields of an envelope that filters see: `namespace`, `topic`, `event.<field>…`. */
function fields(envelope: Envelope): FieldReader {
  let decoded: Readonly<Record<string, unknown>> | undefined;
  return ([field, ...rest]) => {
    if (field === "namespace") return envelope.namespace === "" ? undefined : envelope.namespace;
    if (field === "topic") return envelope.topic === "" ? undefined : envelope.topic;
    if (field !== "event") return undefined;
    decoded ??= decodeEventFields(envelope.event) ?? {};
    const name = (rest[0] ?? "").replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const value = decoded[name];
    if (typeof value === "string") return value === "" ? undefined : value;
    if (typeof value !== "object" || value === null) return undefined;
    const inner = (value as Record<string, unknown>)[rest.slice(1).join(".")];
    return typeof inner === "string" ? inner : undefined;
  };
}

class Subscription implements AsyncIterableIterator<Envelope, undefined> {
  readonly #matches: (read: FieldReader) => boolean;
  readonly #leave: (self: Subscription) => void;
  readonly #queue: Envelope[] = [];
  #waiting: PromiseWithResolvers<IteratorResult<Envelope, undefined>> | undefined;
  #ended = false;
  #error: Error | undefined;

  constructor(
    matches: (read: FieldReader) => boolean,
    leave: (self: Subscription) => void,
    signal?: AbortSignal,
  ) {
    this.#matches = matches;
    this.#leave = leave;
    if (signal?.aborted) this.#ended = true;
    else signal?.addEventListener("abort", () => this.end(), { once: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  offer(envelope: Envelope): void {
    if (this.#ended || !this.#matches(fields(envelope))) return;
    if (this.#waiting !== undefined) {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      waiting.resolve({ value: envelope, done: false });
      return;
    }
    this.#queue.push(envelope);
    if (this.#queue.length <= queueLimit) return;
    this.#error = new RtError(
      "RESOURCE_EXHAUSTED",
      `cannot deliver events: more than ${queueLimit} are waiting`,
    );
    this.#queue.length = 0;
    this.end();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#leave(this);
    this.#waiting?.resolve({ value: undefined, done: true });
    this.#waiting = undefined;
  }

  async next(): Promise<IteratorResult<Envelope, undefined>> {
    const queued = this.#queue.shift();
    if (queued !== undefined) return { value: queued, done: false };
    if (this.#error !== undefined) throw this.#error;
    if (this.#ended) return { value: undefined, done: true };
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }

  async return(): Promise<IteratorResult<Envelope, undefined>> {
    this.end();
    return { value: undefined, done: true };
  }
}
