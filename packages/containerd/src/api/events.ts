/**
 * Events: what happened, by topic.
 *
 * Source: containerd api/services/events/v1, api/types/event.proto, core/events.
 *
 * @module
 */
import type { Call, DaemonCall, TypedAny } from "./call.ts";

/** An event with where and when it happened. */
export interface Envelope {
  readonly timestamp: Date;
  readonly namespace: string;
  /** E.g. `/tasks/exit`. */
  readonly topic: string;
  /** E.g. `containerd.events.TaskExit`; see `decodeEvent`. */
  readonly event: TypedAny;
}

/** Event service. */
export interface Events {
  /** Publishes in the call's namespace. @throws `INVALID_ARGUMENT` for a bad topic. */
  publish(topic: string, event: TypedAny, call: Call): Promise<void>;
  /** Passes on an event of another daemon, as it is. @throws `INVALID_ARGUMENT`. */
  forward(envelope: Envelope, call?: DaemonCall): Promise<void>;
  /**
   * Events of all namespaces from now on that match at least one filter (all if there is none), until the signal
   * fires or the iterator is returned. The subscription begins with this call, not with the first `next()`.
   */
  subscribe(filters: readonly string[], call?: DaemonCall): AsyncIterable<Envelope>;
}
