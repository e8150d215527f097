/**
 * The time each layer took in one container's life, from what the layers publish: calls of the Engine API, events of
 * containerd and of the task service.
 *
 * @module
 */
import type { Envelope } from "@rt/containerd/api";

/** A moment of a container's life. */
export interface Moment {
  /** Since the first call. Milliseconds. */
  readonly atMs: number;
  readonly layer: "dockerd" | "containerd" | "shim" | "client";
  readonly what: string;
}

/** Collects moments; `since` is the wall clock time of the first call. */
export class Waterfall {
  readonly #moments: Moment[] = [];
  readonly #sinceMs: number;

  /** Starts now. */
  constructor() {
    this.#sinceMs = Date.now() + (performance.now() % 1);
  }

  /** Notes something the client saw just now. */
  client(what: string): void {
    this.#moments.push({ atMs: Date.now() - this.#sinceMs, layer: "client", what });
  }

  /** Notes an event of containerd; those of tasks come from the task service. */
  event(e: Envelope): void {
    const layer = e.topic.startsWith("/tasks/") ? "shim" : "containerd";
    this.#moments.push({ atMs: e.timestamp.getTime() - this.#sinceMs, layer, what: e.topic });
  }

  /** The moments in order, one line each. */
  lines(): string[] {
    const sorted = [...this.#moments].sort((a, b) => a.atMs - b.atMs);
    return sorted.map((m) => `${m.atMs.toFixed(0).padStart(6)} ms  ${m.layer.padEnd(11)} ${m.what}`);
  }
}
