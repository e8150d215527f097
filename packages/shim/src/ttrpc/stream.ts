/**
 * Inbox: the messages of one stream, in order, until its end.
 *
 * Fed by the channel, read as an async iterable by one reader. ttrpc has no flow control, so an inbox takes what
 * comes up to a limit and then fails the stream rather than the connection.
 *
 * @module
 */
import { RtError } from "@rt/runc/oci";

/** Most messages that wait in an inbox. */
export const MAX_WAITING_MESSAGES = 4096;

/** A queue of messages with an end. */
export class Inbox<T> implements AsyncIterableIterator<T> {
  readonly #waiting: T[] = [];
  #end: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;
  #dropped = false;
  readonly #onReturn: (() => void) | undefined;

  /** `onReturn` is called when the reader stops before the end. */
  constructor(onReturn?: () => void) {
    this.#onReturn = onReturn;
  }

  /** Whether the end was set. */
  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** Adds a message; false if the inbox is full. */
  push(message: T): boolean {
    if (this.#end !== undefined || this.#dropped) return true;
    if (this.#waiting.length >= MAX_WAITING_MESSAGES) return false;
    this.#waiting.push(message);
    this.#wake?.();
    return true;
  }

  /** Ends the stream after the messages so far: in order, or with `error`. */
  end(error?: unknown): void {
    this.#end ??= { error };
    this.#wake?.();
  }

  /** Ends the stream because its reader is too slow. Text as in containerd/ttrpc `errors.go` ErrStreamFull. */
  overflow(): RtError {
    const error = new RtError("RESOURCE_EXHAUSTED", "ttrpc: stream buffer full");
    this.end(error);
    return error;
  }

  async next(): Promise<IteratorResult<T>> {
    for (;;) {
      if (this.#waiting.length > 0) return { done: false, value: this.#waiting.shift() as T };
      if (this.#end !== undefined) {
        if (this.#end.error !== undefined) throw this.#end.error;
        return { done: true, value: undefined };
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }

  async return(): Promise<IteratorResult<T>> {
    this.#dropped = true;
    this.#waiting.length = 0;
    this.end();
    this.#onReturn?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
