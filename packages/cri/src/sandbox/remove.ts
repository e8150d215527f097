/**
 * RemovePodSandbox: removes a pod with all that is in it. Idempotent.
 *
 * @module
 */
import type { CallOptions } from "../api/cri.ts";
import { removeEngineContainer } from "../container/remove.ts";
import type { ContainerLogs } from "../logs/container_logs.ts";
import { findSandbox } from "./find.ts";
import { containersOf, type StopDeps, stopPodSandbox } from "./stop.ts";

/** What removing a pod needs. */
export interface RemoveDeps extends StopDeps {
  readonly logs: Pick<ContainerLogs, "drained" | "forget">;
}

/** Removes the pod's containers, running or not, then its sandbox; nothing if there is none. */
export async function removePodSandbox(
  deps: RemoveDeps,
  request: { readonly podSandboxId: string },
  options: CallOptions,
): Promise<Record<string, never>> {
  const sandbox = await findSandbox(deps, request.podSandboxId, options);
  if (sandbox === undefined) return {};
  await stopPodSandbox(deps, { podSandboxId: sandbox.Id }, options);
  const ids = await containersOf(deps, sandbox.Id, options);
  await Promise.all(ids.map((id) => removeEngineContainer(deps, id, options)));
  await removeEngineContainer(deps, sandbox.Id, options);
  return {};
}
