/**
 * Events: what happened in the engine, for whoever listens; the last 256 are kept for those who ask for the past.
 *
 * Source: moby `daemon/events/events.go`, `filter.go`.
 *
 * @module
 */
import type { EventsOptions } from "../api/engine.ts";
import type { EventMessage, EventType, Filters } from "../api/types/index.ts";
import { AsyncQueue } from "../async_queue.ts";
import { type NanoClock, parseTimestamp } from "../time.ts";

/** How many events are kept. */
const HISTORY = 256;

/** An event to publish. */
export interface EventInput {
  readonly type: EventType;
  readonly action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Publishes events and hands them to subscribers. */
export interface EventHub {
  publish(event: EventInput): void;
  /** Events from now on (and of the past, if asked), until the signal fires, `until` has passed or the caller returns. */
  subscribe(options: EventsOptions): AsyncIterable<EventMessage>;
  /** Number of subscribers. */
  readonly listeners: number;
}

/** Makes a hub. */
export function createEventHub(clock: NanoClock): EventHub {
  const history: EventMessage[] = [];
  const subscribers = new Set<(event: EventMessage) => void>();
  return {
    get listeners() {
      return subscribers.size;
    },
    publish(input) {
      const event = eventMessage(input, clock());
      history.push(event);
      if (history.length > HISTORY) history.shift();
      for (const deliver of subscribers) deliver(event);
    },
    subscribe({ since, until, filters = {}, signal }) {
      const sinceNano = since === undefined ? undefined : parseTimestamp(since);
      const untilNano = until === undefined ? undefined : parseTimestamp(until);
      const queue = new AsyncQueue<EventMessage>();
      const deliver = (event: EventMessage): void => {
        if (matchesFilters(event, filters)) queue.push(event);
      };
      if (sinceNano !== undefined) {
        for (const event of history) {
          const at = BigInt(event.timeNano);
          if (at >= sinceNano && (untilNano === undefined || at <= untilNano)) deliver(event);
        }
      }
      const stop = (): void => {
        clearTimeout(timer);
        subscribers.delete(deliver);
        queue.end();
      };
      let timer: NodeJS.Timeout | undefined;
      if (untilNano !== undefined && untilNano <= clock()) {
        queue.end();
        return queue;
      }
      if (untilNano !== undefined) timer = setTimeout(stop, Number((untilNano - clock()) / 1_000_000n));
      subscribers.add(deliver);
      queue.onReturn = stop;
      if (signal?.aborted) stop();
      else signal?.addEventListener("abort", stop, { once: true });
      return queue;
    },
  };
}

/** The wire form of an event. */
function eventMessage(input: EventInput, now: bigint): EventMessage {
  const { type, action, id, attributes } = input;
  const legacy =
    type === "container"
      ? { status: action, id, ...(attributes.image === undefined ? {} : { from: attributes.image }) }
      : type === "image"
        ? { status: action, id }
        : {};
  return {
    ...legacy,
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: { ...attributes } },
    scope: "local",
    time: Number(now / 1_000_000_000n),
    timeNano: Number(now),
  };
}

/** Whether an event passes every filter. */
export function matchesFilters(event: EventMessage, filters: Filters): boolean {
  const attributes = event.Actor.Attributes;
  const isOr = (id: string, name: string | undefined, values: readonly string[]): boolean =>
    values.some((v) => id === v || name === v || (v.length >= 12 && id.startsWith(v)));
  for (const [key, values] of Object.entries(filters)) {
    if (values.length === 0) continue;
    let passes = true;
    if (key === "type") passes = values.includes(event.Type);
    else if (key === "event") {
      passes = values.some((v) => event.Action === v || event.Action.startsWith(`${v}: `));
    } else if (key === "label") {
      passes = values.every((v) => {
        const [name, ...rest] = v.split("=");
        return rest.length === 0 ? name! in attributes : attributes[name!] === rest.join("=");
      });
    } else if (key === "scope") passes = values.includes(event.scope);
    else if (key === "image") {
      const names = [event.Actor.ID, attributes.image, attributes.name].filter((n) => n !== undefined);
      passes = values.some((v) => names.some((n) => n === v || n.split(":")[0] === v));
    } else if (
      key === event.Type ||
      key === "container" ||
      key === "volume" ||
      key === "network" ||
      key === "daemon"
    ) {
      const aboutIt = event.Type === key || (key === "container" && attributes.container !== undefined);
      const id = event.Type === key ? event.Actor.ID : (attributes.container ?? "");
      passes = aboutIt && isOr(id, attributes.name, values);
    }
    if (!passes) return false;
  }
  return true;
}
