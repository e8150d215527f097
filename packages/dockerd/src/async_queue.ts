/**
 * AsyncQueue: values that are pushed now and iterated when the reader comes.
 *
 * @module
 */

/** An unbounded queue for one reader; producers that must wait for the reader use {@linkcode AsyncQueue.drained}. */
export class AsyncQueue<T> implements AsyncIterableIterator<T> {
  /** Called once when the reader stops before the end. */
  onReturn: (() => void) | undefined;
  readonly #values: T[] = [];
  #readers: { resolve: (r: IteratorResult<T>) => void; reject: (err: unknown) => void }[] = [];
  #drains: (() => void)[] = [];
  #ended = false;
  #error: { readonly err: unknown } | undefined;

  /** How many values wait. */
  get length(): number {
    return this.#values.length;
  }

  /** Adds a value; ignored after the end. */
  push(value: T): void {
    if (this.#ended) return;
    const reader = this.#readers.shift();
    if (reader === undefined) this.#values.push(value);
    else reader.resolve({ value, done: false });
  }

  /** No more values; those that wait are still read. */
  end(): void {
    this.#ended = true;
    for (const reader of this.#readers.splice(0)) reader.resolve({ value: undefined, done: true });
    if (this.#values.length === 0) this.#wake();
  }

  /** Ends the queue with an error after the values that wait. */
  fail(err: unknown): void {
    if (this.#ended) return;
    this.#error = { err };
    this.#ended = true;
    for (const reader of this.#readers.splice(0)) reader.reject(err);
    this.#wake();
  }

  /** Resolves when at most `limit` values wait, or nobody will read them. */
  async drained(limit: number): Promise<void> {
    while (this.#values.length > limit) await new Promise<void>((resolve) => this.#drains.push(resolve));
  }

  /** The next value. */
  next(): Promise<IteratorResult<T>> {
    const value = this.#values.shift();
    if (value !== undefined) {
      if (this.#drains.length > 0) this.#wake();
      return Promise.resolve({ value, done: false });
    }
    if (this.#error !== undefined) {
      const { err } = this.#error;
      this.#error = undefined;
      return Promise.reject(err);
    }
    if (this.#ended) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
  }

  /** Stops reading: drops what waits. */
  return(): Promise<IteratorResult<T>> {
    this.#values.length = 0;
    const onReturn = this.onReturn;
    this.onReturn = undefined;
    this.end();
    onReturn?.();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #wake(): void {
    for (const resolve of this.#drains.splice(0)) resolve();
  }
}
