/**
 * Restart policies: whether a container that has ended starts again, and when.
 *
 * Source: moby `daemon/internal/restartmanager/restartmanager.go`.
 *
 * @module
 */
import type { Container } from "./record.ts";

/** The first wait. Milliseconds. */
const FIRST_MS = 100;
/** The longest wait. Milliseconds. */
const LONGEST_MS = 60_000;
/** A run of at least so long makes the next wait short again. Milliseconds. */
const GOOD_RUN_MS = 10_000;

/** How long to wait before the next start; undefined for none. Remembers the wait in the container. */
export function restartDelay(container: Container, exitCode: number, ranMs: number): number | undefined {
  const { Name = "no", MaximumRetryCount = 0 } = container.hostConfig.RestartPolicy ?? {};
  if (container.record.HasBeenManuallyStopped) return undefined;
  const again =
    Name === "always" ||
    Name === "unless-stopped" ||
    (Name === "on-failure" &&
      exitCode !== 0 &&
      (MaximumRetryCount === 0 || container.record.RestartCount < MaximumRetryCount));
  if (!again) return undefined;
  if (ranMs >= GOOD_RUN_MS) container.backoffMs = 0;
  container.backoffMs = Math.min(container.backoffMs === 0 ? FIRST_MS : container.backoffMs * 2, LONGEST_MS);
  return container.backoffMs;
}
