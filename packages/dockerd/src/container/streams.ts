/**
 * Streams of a process: what it writes goes to the log and to everybody who is attached, what they write goes to it.
 *
 * They exist before the process does, so that a client can attach first and miss nothing. A slow listener slows the
 * process down, as a full pipe does; a listener that has gone does not.
 *
 * @module
 */
import type { OutputChunk } from "../api/engine.ts";
import { AsyncQueue } from "../async_queue.ts";
import { RtError } from "../errors.ts";

/** How many chunks may wait for a listener. */
const WAITING_CHUNKS = 16;

/** Where a process reads its input from. */
export interface ProcessInput {
  /** Resolves when there is room for more; rejects when nobody reads any more. */
  write(data: Uint8Array): Promise<void>;
  /** Ends the input. */
  close(): Promise<void>;
}

/** Which output a listener wants. */
export interface WantedOutput {
  readonly stdout: boolean;
  readonly stderr: boolean;
}

/** A listener's output; to be returned (or read to its end) by the listener. */
export type OutputSubscription = AsyncIterableIterator<OutputChunk>;

/** A listener. */
interface Listener extends WantedOutput {
  readonly queue: AsyncQueue<OutputChunk>;
}

/** Streams of one run of a process. */
export class ProcessStreams implements ProcessInput {
  readonly #listeners = new Set<Listener>();
  #ended = false;
  #input: ProcessInput | undefined;
  #connected: Promise<void>;
  #connect: () => void = () => {};
  #inputClosed = false;

  constructor() {
    this.#connected = new Promise((resolve) => {
      this.#connect = resolve;
    });
  }

  /** Output from now on. */
  subscribe(wanted: WantedOutput): OutputSubscription {
    const queue = new AsyncQueue<OutputChunk>();
    if (this.#ended) {
      queue.end();
      return queue;
    }
    const listener = { queue, ...wanted };
    this.#listeners.add(listener);
    queue.onReturn = () => this.#listeners.delete(listener);
    return queue;
  }

  /** Hands a chunk to every listener; a promise if one of them has no room for more. */
  publish(chunk: OutputChunk): Promise<unknown> | undefined {
    if (this.#listeners.size === 0) return undefined;
    const full: Promise<void>[] = [];
    for (const listener of this.#listeners) {
      if (!listener[chunk.stream]) continue;
      listener.queue.push(chunk);
      if (listener.queue.length > WAITING_CHUNKS) full.push(listener.queue.drained(WAITING_CHUNKS));
    }
    return full.length === 0 ? undefined : Promise.all(full);
  }

  /** The process is there: input that waits goes to it. */
  connect(input: ProcessInput | undefined): void {
    this.#input = input;
    this.#connect();
  }

  /** No more output, and nobody reads input. */
  end(): void {
    this.#ended = true;
    this.#input = undefined;
    this.#inputClosed = true;
    this.#connect();
    for (const { queue } of this.#listeners) queue.end();
    this.#listeners.clear();
  }

  async write(data: Uint8Array): Promise<void> {
    await this.#connected;
    if (this.#input === undefined || this.#inputClosed) throw new RtError("CANCELED", "input is closed");
    await this.#input.write(data);
  }

  async close(): Promise<void> {
    await this.#connected;
    if (this.#inputClosed) return;
    this.#inputClosed = true;
    await this.#input?.close();
  }
}
