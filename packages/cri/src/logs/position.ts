/**
 * Position in a log: from when on the engine is asked, and which entries of that time are in the file already.
 *
 * The log file itself is the record of what was written, so that a crash between two writes cannot make them differ.
 * The engine's times are not quite in order (two streams, one log), so that reading goes back by a margin and skips
 * what it finds again.
 *
 * @module
 */
import { nanosOf } from "../convert/time.ts";
import type { StreamName } from "./line.ts";

/** How far two entries can be out of order. Nanoseconds. */
const MARGIN_NANOS = 1_000_000_000n;

/** A position as it is kept between files. */
export interface SavedPosition {
  /** Time of the newest entry: RFC 3339. */
  readonly last: string;
  /** How often an entry `<stream> <time>` was written, for those within the margin. */
  readonly seen: Readonly<Record<string, number>>;
}

/** What was written, as far as it can come again. */
export class LogPosition {
  readonly #seen: Map<string, number> = new Map();
  #last = "";
  #lastNanos = 0n;

  /** Makes a position from a saved one. */
  static from(saved: SavedPosition | undefined): LogPosition {
    const position = new LogPosition();
    if (saved === undefined) return position;
    position.#advance(saved.last);
    for (const [key, count] of Object.entries(saved.seen)) position.#seen.set(key, count);
    return position;
  }

  /** Nanoseconds since 1970 from which entries are wanted; undefined for all. */
  get since(): bigint | undefined {
    if (this.#last === "") return undefined;
    return this.#lastNanos > MARGIN_NANOS ? this.#lastNanos - MARGIN_NANOS : 0n;
  }

  /** Counts an entry that is in the file. */
  written(stream: StreamName, time: string): void {
    this.#advance(time);
    const key = `${stream} ${time}`;
    this.#seen.set(key, (this.#seen.get(key) ?? 0) + 1);
  }

  /** Whether an entry that comes is one that is in the file; each counted entry answers once. */
  skips(stream: StreamName, time: string): boolean {
    if (this.#seen.size === 0) return false;
    const key = `${stream} ${time}`;
    const count = this.#seen.get(key);
    if (count === undefined) return false;
    if (count === 1) this.#seen.delete(key);
    else this.#seen.set(key, count - 1);
    return true;
  }

  /** The position to keep: entries within the margin. */
  save(): SavedPosition | undefined {
    if (this.#last === "") return undefined;
    const since = this.since ?? 0n;
    const recent = [...this.#seen].filter(([key]) => nanosOf(key.slice(key.indexOf(" ") + 1)) >= since);
    return { last: this.#last, seen: Object.fromEntries(recent) };
  }

  #advance(time: string): void {
    const nanos = nanosOf(time);
    if (this.#last !== "" && nanos <= this.#lastNanos) return;
    this.#last = time;
    this.#lastNanos = nanos;
  }
}
