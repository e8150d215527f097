/**
 * Publisher: delivers events to containerd, in order, through its restarts.
 *
 * One event at a time over one connection. While containerd cannot be reached the queue waits, with growing pauses;
 * an event that containerd refuses is tried five times, as by the peers (pkg/shim/publisher.go).
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "@rt/runc/oci";
import type { EventEnvelope } from "../api/task_event.ts";
import { forwardEvent } from "../client/events.ts";
import { RemoteError } from "../errors.ts";
import { dialUnix } from "../host/unix_socket.ts";
import { TtrpcConnection } from "../ttrpc/client.ts";

/** Options of {@linkcode Publisher}. */
export interface PublisherOptions {
  /** containerd's address for events (TTRPC_ADDRESS); events are dropped if it is empty. */
  readonly address: string;
  readonly log: Logger;
  /** Time that one delivery may take. Milliseconds. @default {5000} */
  readonly timeoutMs?: number;
  /** Longest pause between attempts. Milliseconds. @default {5000} */
  readonly longestPauseMs?: number;
}

/** How often an event that is refused is sent. */
const MAX_REFUSALS = 5;
const FIRST_PAUSE_MS = 50;

interface Item {
  readonly envelope: EventEnvelope;
  readonly delivered: PromiseWithResolvers<void>;
}

/** Delivers events. */
export class Publisher implements AsyncDisposable {
  readonly #options: PublisherOptions;
  readonly #queue: Item[] = [];
  readonly #stop = new AbortController();
  #connection: TtrpcConnection | undefined;
  #running: Promise<void> | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /** Queues an event; resolves once it was acknowledged or given up. */
  publish(envelope: EventEnvelope): Promise<void> {
    if (this.#options.address === "") return Promise.resolve();
    const delivered = Promise.withResolvers<void>();
    this.#queue.push({ envelope, delivered });
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return delivered.promise;
  }

  async #run(): Promise<void> {
    let refusals = 0;
    let pauseMs = FIRST_PAUSE_MS;
    for (;;) {
      const item = this.#queue[0];
      if (item === undefined || this.#stop.signal.aborted) return;
      try {
        await this.#send(item.envelope);
        pauseMs = FIRST_PAUSE_MS;
      } catch (err) {
        if (this.#stop.signal.aborted) return;
        const refused = err instanceof RemoteError;
        if (refused) refusals++;
        if (!refused || refusals < MAX_REFUSALS) {
          await sleep(pauseMs, undefined, { signal: this.#stop.signal }).catch(() => {});
          pauseMs = Math.min(pauseMs * 2, this.#options.longestPauseMs ?? 5000);
          continue;
        }
        this.#options.log.error("event was refused", { topic: item.envelope.topic, err });
      }
      refusals = 0;
      this.#queue.shift();
      item.delivered.resolve();
    }
  }

  async #send(envelope: EventEnvelope): Promise<void> {
    if (this.#connection === undefined || this.#connection.isClosed) {
      const { signal } = this.#stop;
      this.#connection = new TtrpcConnection(await dialUnix(this.#options.address, { signal }));
    }
    await forwardEvent(this.#connection, envelope, this.#options.timeoutMs ?? 5000);
  }

  /** Waits until every queued event is delivered, at most `timeoutMs`. */
  async flush(timeoutMs: number): Promise<void> {
    await Promise.race([this.#running, sleep(timeoutMs)]);
  }

  /** Stops; what is queued stays undelivered. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#connection?.[Symbol.asyncDispose]();
    await this.#running;
  }
}
