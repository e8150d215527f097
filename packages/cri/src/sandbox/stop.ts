/**
 * StopPodSandbox: ends everything in a pod. Idempotent.
 *
 * @module
 */
import type { CallOptions } from "../api/cri.ts";
import { SANDBOX_ID_LABEL } from "../convert/labels.ts";
import { hasCode } from "../errors.ts";
import type { ContainerLogs } from "../logs/container_logs.ts";
import { type EngineDeps, findSandbox, listEngineContainers } from "./find.ts";

/** How long the pause program has to end. Seconds. */
const GRACE_SECONDS = 10;

/** What ending a pod needs. */
export interface StopDeps extends EngineDeps {
  readonly logs: Pick<ContainerLogs, "drained">;
}

/** Kills the pod's containers and stops its sandbox; nothing if there is none. */
export async function stopPodSandbox(
  deps: StopDeps,
  request: { readonly podSandboxId: string },
  options: CallOptions,
): Promise<Record<string, never>> {
  const sandbox = await findSandbox(deps, request.podSandboxId, options);
  if (sandbox === undefined) return {};
  const { containers } = deps.engine;
  const ids = await containersOf(deps, sandbox.Id, options);
  await Promise.all(
    ids.map(async (id) => {
      await gone(containers.stop(id, { ...options, timeoutSeconds: 0 }));
      await deps.logs.drained(id);
    }),
  );
  await gone(containers.stop(sandbox.Id, { ...options, timeoutSeconds: GRACE_SECONDS }));
  return {};
}

/** Ids of the containers in the sandbox `id`, running or not. */
export async function containersOf(deps: EngineDeps, id: string, options: CallOptions): Promise<string[]> {
  const found = await listEngineContainers(deps, "container", { [SANDBOX_ID_LABEL]: id }, options);
  return found.map((c) => c.Id);
}

/** Waits for `call`; that its container is not there is as good. */
export async function gone(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (err) {
    if (!hasCode(err, "NOT_FOUND")) throw err;
  }
}
