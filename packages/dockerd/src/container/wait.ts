/**
 * Waits for a container.
 *
 * Source: moby `daemon/wait.go`, `daemon/container/state.go` Wait.
 *
 * @module
 */
import type { ContainerWait } from "../api/engine.ts";
import type { ContainerWaitResponse, WaitCondition } from "../api/types/index.ts";
import { RtError } from "../errors.ts";
import type { Container, Waiter } from "./record.ts";

/** Registers a wait. */
export function waitContainer(
  container: Container,
  condition: WaitCondition = "not-running",
  signal?: AbortSignal,
): ContainerWait {
  const { State } = container.record;
  if (condition === "not-running" && !State.Running) {
    return { result: Promise.resolve({ StatusCode: State.ExitCode }) };
  }
  const result = new Promise<ContainerWaitResponse>((resolve, reject) => {
    const abort = (): void => {
      container.waiters.delete(waiter);
      reject(new RtError("CANCELED", "wait canceled"));
    };
    const waiter: Waiter = {
      condition,
      resolve(response) {
        signal?.removeEventListener("abort", abort);
        resolve(response);
      },
    };
    container.waiters.add(waiter);
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
  });
  result.catch(() => {});
  return { result };
}

/** Tells those who wait for one of `conditions`. */
export function wake(container: Container, conditions: readonly Waiter["condition"][]): void {
  for (const waiter of container.waiters) {
    if (!conditions.includes(waiter.condition)) continue;
    container.waiters.delete(waiter);
    waiter.resolve({ StatusCode: container.record.State.ExitCode });
  }
}
