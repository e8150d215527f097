/**
 * ReopenContainerLog: goes on in a new file after the log has been rotated.
 *
 * @module
 */
import type { CallOptions } from "../api/cri.ts";
import { logPathOf } from "../convert/labels.ts";
import { WrongStateError } from "../errors.ts";
import type { ContainerLogs } from "../logs/container_logs.ts";
import type { EngineDeps } from "../sandbox/find.ts";
import { needContainer } from "./find.ts";

/** What {@linkcode reopenContainerLog} needs. */
export interface ReopenDeps extends EngineDeps {
  readonly logs: Pick<ContainerLogs, "reopen">;
}

/**
 * Opens the container's log file anew; the file is there when this resolves.
 *
 * @throws {ContainerNotFoundError} `NOT_FOUND`.
 * @throws {WrongStateError} `FAILED_PRECONDITION` if the container does not run.
 */
export async function reopenContainerLog(
  deps: ReopenDeps,
  { containerId }: { readonly containerId: string },
  options: CallOptions,
): Promise<Record<string, never>> {
  const found = await needContainer(deps, containerId, options);
  if (!found.State.Running) throw new WrongStateError("container is not running");
  const path = logPathOf(found.Config.Labels ?? {});
  if (path !== undefined) await deps.logs.reopen(found.Id, path);
  return {};
}
