/**
 * A queue that one consumer reads with `for await`.
 *
 * @module
 */

/** Values pushed by one side, iterated once by the other; unbounded. */
export class AsyncQueue<T> implements AsyncIterable<T> {
  readonly #values: T[] = [];
  #ended = false;
  #wake: (() => void) | undefined;

  /** Whether {@linkcode end} was called. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Appends a value; ignored after the end. */
  push(value: T): void {
    if (this.#ended) return;
    this.#values.push(value);
    this.#wake?.();
  }

  /** Lets the iteration end once the values are read. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** Reads values until the end. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    for (;;) {
      while (this.#values.length > 0) yield this.#values.shift()!;
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}
