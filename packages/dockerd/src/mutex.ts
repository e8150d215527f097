/**
 * Mutex: one at a time, in the order of asking.
 *
 * @module
 */

/** A lock of one container, image or the like. */
export class Mutex {
  #tail: Promise<void> = Promise.resolve();

  /** Runs `work` when everything that asked earlier has ended. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#tail;
    let release = (): void => {};
    this.#tail = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    try {
      return await work();
    } finally {
      release();
    }
  }
}
