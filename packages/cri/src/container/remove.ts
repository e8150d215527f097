/**
 * RemoveContainer: removes a container, running or not. Idempotent.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { CallOptions } from "../api/cri.ts";
import { hasCode } from "../errors.ts";
import type { ContainerLogs } from "../logs/container_logs.ts";
import type { EngineDeps } from "../sandbox/find.ts";
import { gone } from "../sandbox/stop.ts";
import { findContainer } from "./find.ts";

/** What removing needs. */
export interface RemoveContainerDeps extends EngineDeps {
  readonly logs: Pick<ContainerLogs, "drained" | "forget">;
}

/** How long a removal that somebody else has begun may take. Milliseconds. */
const OTHER_REMOVAL_MS = 10_000;
const POLL_MS = 50;

/** Removes a container; its log file stays, whole. Nothing if there is no container. */
export async function removeContainer(
  deps: RemoveContainerDeps,
  { containerId }: { readonly containerId: string },
  options: CallOptions,
): Promise<Record<string, never>> {
  const found = await findContainer(deps, containerId, options);
  if (found === undefined) return {};
  if (found.State.Running) {
    await gone(deps.engine.containers.stop(found.Id, { ...options, timeoutSeconds: 0 }));
  }
  await removeEngineContainer(deps, found.Id, options);
  return {};
}

/** Removes the engine's container `id` with its anonymous volumes, after its log has been read to the end. */
export async function removeEngineContainer(
  { engine, logs }: RemoveContainerDeps,
  id: string,
  options: CallOptions,
): Promise<void> {
  await logs.drained(id);
  const deadline = Date.now() + OTHER_REMOVAL_MS;
  for (;;) {
    try {
      await gone(engine.containers.remove(id, { ...options, force: true, volumes: true }));
      break;
    } catch (err) {
      // "removal of container … is already in progress": that call's removal is as good as ours.
      if (!hasCode(err, "CONFLICT") || Date.now() > deadline) throw err;
      await sleep(POLL_MS, undefined, options);
    }
  }
  await logs.forget(id);
}
