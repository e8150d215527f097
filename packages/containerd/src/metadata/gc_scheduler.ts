/**
 * When garbage is collected: soon after the start, when a client waits for it, and after enough changes.
 *
 * Source: containerd plugins/gc (scheduler; same knobs and defaults).
 *
 * @module
 */
import type { Logger } from "../oci.ts";
import type { CollectionResult } from "./gc.ts";

/** Knobs of the scheduler. */
export interface GcSchedule {
  /** Changes after which a collection is due; 0 never. @default {100} */
  readonly mutationThreshold?: number;
  /** Removals after which a collection is due; 0 never. @default {0} */
  readonly deletionThreshold?: number;
  /** Time between being due and running. Milliseconds. @default {0} */
  readonly scheduleDelayMs?: number;
  /** Time between the start and the first collection. Milliseconds. @default {100} */
  readonly startupDelayMs?: number;
  readonly log?: Logger;
}

/** A running scheduler. */
export interface GcScheduler extends AsyncDisposable {
  /** Collects now (after a collection that is under way) and resolves when done. */
  collect(): Promise<void>;
  /** Notes a removal. */
  changed(): void;
}

/** Starts the scheduler. */
export function scheduleGarbageCollection(
  collect: () => Promise<CollectionResult>,
  options: GcSchedule = {},
): GcScheduler {
  const {
    mutationThreshold = 100,
    deletionThreshold = 0,
    scheduleDelayMs = 0,
    startupDelayMs = 100,
    log,
  } = options;
  let changes = 0;
  let running: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let closed = false;

  const run = async (): Promise<void> => {
    changes = 0;
    const startedAt = performance.now();
    const result = await collect();
    log?.debug("garbage collected", { ...result, dur_ms: Math.round(performance.now() - startedAt) });
  };
  /** Whoever asks while a collection waits for its turn shares it. */
  const request = (): Promise<void> => {
    next ??= running.then(() => {
      next = undefined;
      const turn = run();
      running = turn.catch(() => {});
      return turn;
    });
    return next;
  };
  const inBackground = (): void => {
    timer = undefined;
    if (closed) return;
    request().catch((err: unknown) => log?.error("garbage collection failed", { err }));
  };
  const later = (delayMs: number): void => {
    timer ??= setTimeout(inBackground, delayMs);
    timer.unref();
  };
  later(startupDelayMs);
  return {
    collect: request,
    changed() {
      changes++;
      const due = deletionThreshold > 0 ? deletionThreshold : mutationThreshold;
      if (due > 0 && changes >= due && !closed) later(scheduleDelayMs);
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      clearTimeout(timer);
      await running.catch(() => {});
    },
  };
}
