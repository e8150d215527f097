/**
 * StartContainer: starts a container and the copying of its log.
 *
 * @module
 */
import type { CallOptions } from "../api/cri.ts";
import { ContainerState } from "../api/types.ts";
import { logPathOf } from "../convert/labels.ts";
import { addClause, WrongStateError } from "../errors.ts";
import type { ContainerLogs } from "../logs/container_logs.ts";
import type { EngineDeps } from "../sandbox/find.ts";
import { needContainer, stateName, stateOf } from "./find.ts";

/** What {@linkcode startContainer} needs. */
export interface StartDeps extends EngineDeps {
  readonly logs: Pick<ContainerLogs, "prepare" | "follow">;
}

/**
 * Starts a container that was created; the log file is there when it runs.
 *
 * @throws {ContainerNotFoundError} `NOT_FOUND`.
 * @throws {WrongStateError} `FAILED_PRECONDITION` if it was started before.
 */
export async function startContainer(
  deps: StartDeps,
  { containerId }: { readonly containerId: string },
  options: CallOptions,
): Promise<Record<string, never>> {
  const found = await needContainer(deps, containerId, options);
  const state = stateOf(found.State);
  const failed = (reason: string): WrongStateError =>
    new WrongStateError(
      `failed to set starting state for container ${JSON.stringify(found.Id)}: container is ${reason}`,
    );
  if (state !== ContainerState.CONTAINER_CREATED) throw failed(`in ${stateName(state)} state`);
  const path = logPathOf(found.Config.Labels ?? {});
  if (path !== undefined) await deps.logs.prepare(path);
  try {
    const started = await deps.engine.containers.start(found.Id, options);
    if (!started) throw failed("already in starting state");
  } catch (err) {
    throw addClause(`failed to start container ${JSON.stringify(found.Id)}`, err);
  }
  if (path !== undefined) deps.logs.follow(found.Id, path);
  return {};
}
