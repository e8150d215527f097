/**
 * What freezing a cgroup takes, on either version.
 *
 * @module
 */

/** Options of a freeze. */
export interface FreezeOptions {
  /** How long to try before thawing again and giving up. Milliseconds. @default {10000} */
  readonly timeoutMs?: number;
  /** Cancels the wait; the cgroup is thawed again before rejecting. */
  readonly signal?: AbortSignal;
}

/** State of a cgroup's freezer; `undefined` where there is none. */
export type FreezerState = "frozen" | "thawed" | "undefined";
