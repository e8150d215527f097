/**
 * StopContainer: ends a container. Idempotent.
 *
 * @module
 */
import type { CallOptions } from "../api/cri.ts";
import { gone, type StopDeps } from "../sandbox/stop.ts";
import { findContainer } from "./find.ts";

/** Stops a container, by force after `timeout` seconds; its log is complete then. Nothing if there is none. */
export async function stopContainer(
  deps: StopDeps,
  request: { readonly containerId: string; readonly timeout: bigint },
  options: CallOptions,
): Promise<Record<string, never>> {
  const found = await findContainer(deps, request.containerId, options);
  if (found === undefined) return {};
  const seconds = Number(request.timeout > 0n ? request.timeout : 0n);
  if (found.State.Running) {
    await gone(deps.engine.containers.stop(found.Id, { ...options, timeoutSeconds: seconds }));
  }
  await deps.logs.drained(found.Id);
  return {};
}
