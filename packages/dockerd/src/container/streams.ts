/**
 * Streams of a process: what it writes goes to the log and to everybody who is attached, what they write goes to it.
 *
 * A slow listener slows the process down, as a full pipe does; a listener that has gone does not.
 *
 * @module
 */
import type { OutputChunk } from "../api/engine.ts";
import { AsyncQueue } from "../async_queue.ts";

/** How many chunks may wait for a listener. */
const WAITING_CHUNKS = 16;

/** Where a process reads its input from. */
export interface ProcessInput {
  /** Resolves when there is room for more; rejects when nobody reads any more. */
  write(data: Uint8Array): Promise<void>;
  /** Ends the input. */
  close(): Promise<void>;
}

/** A listener's output; to be returned (or read to its end) by the listener. */
export type OutputSubscription = AsyncIterableIterator<OutputChunk>;

/** Streams of one process. */
export interface ProcessStreams {
  readonly tty: boolean;
  /** Input, if the process has one. */
  readonly input: ProcessInput | undefined;
  /** Output from now on. */
  subscribe(wanted: { readonly stdout: boolean; readonly stderr: boolean }): OutputSubscription;
  /** Resolves when all output has ended and was handed on. */
  readonly done: Promise<void>;
  /** Stops reading: output that is still to come is dropped. */
  close(): Promise<void>;
}

/** Hands output to listeners. */
export interface OutputHub {
  /** Resolves when every listener has room for more. */
  publish(chunk: OutputChunk): Promise<void> | undefined;
  subscribe(wanted: { readonly stdout: boolean; readonly stderr: boolean }): OutputSubscription;
  /** No more output. */
  end(): void;
}

/** Makes a hub. */
export function createOutputHub(): OutputHub {
  const listeners = new Set<{ readonly queue: AsyncQueue<OutputChunk>; stdout: boolean; stderr: boolean }>();
  let ended = false;
  return {
    publish(chunk) {
      if (listeners.size === 0) return undefined;
      const full: Promise<void>[] = [];
      for (const listener of listeners) {
        if (!listener[chunk.stream]) continue;
        listener.queue.push(chunk);
        if (listener.queue.length > WAITING_CHUNKS) full.push(listener.queue.drained(WAITING_CHUNKS));
      }
      return full.length === 0 ? undefined : Promise.all(full).then(() => {});
    },
    subscribe(wanted) {
      const queue = new AsyncQueue<OutputChunk>();
      if (ended) {
        queue.end();
        return queue;
      }
      const listener = { queue, ...wanted };
      listeners.add(listener);
      queue.onReturn = () => listeners.delete(listener);
      return queue;
    },
    end() {
      ended = true;
      for (const { queue } of listeners) queue.end();
      listeners.clear();
    },
  };
}
