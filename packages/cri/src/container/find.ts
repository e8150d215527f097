/**
 * Finding a container of a pod, and the text that calls fail with if it is not there.
 *
 * @module
 */
import type { ContainerInspect, ContainerState as EngineState } from "@rt/dockerd/api";
import type { CallOptions } from "../api/cri.ts";
import { ContainerState } from "../api/types.ts";
import { ContainerNotFoundError } from "../errors.ts";
import { type EngineDeps, findEngineContainer } from "../sandbox/find.ts";

/** The container `id`; undefined if there is none. */
export function findContainer(
  deps: EngineDeps,
  id: string,
  options: CallOptions,
): Promise<ContainerInspect | undefined> {
  return findEngineContainer(deps, "container", id, options);
}

/** The container `id`. @throws {ContainerNotFoundError} `NOT_FOUND` with containerd's text. */
export async function needContainer(
  deps: EngineDeps,
  id: string,
  options: CallOptions,
): Promise<ContainerInspect> {
  const found = await findContainer(deps, id, options);
  if (found !== undefined) return found;
  throw new ContainerNotFoundError(`an error occurred when try to find container ${JSON.stringify(id)}`);
}

/** The CRI's state of a container; one that could not be started counts as ended. */
export function stateOf(state: Pick<EngineState, "Status" | "ExitCode">): ContainerState {
  switch (state.Status) {
    case "running":
    case "paused":
    case "restarting":
      return ContainerState.CONTAINER_RUNNING;
    case "created":
      return state.ExitCode === 0 ? ContainerState.CONTAINER_CREATED : ContainerState.CONTAINER_EXITED;
    case "exited":
    case "dead":
    case "removing":
      return ContainerState.CONTAINER_EXITED;
    default:
      return ContainerState.CONTAINER_UNKNOWN;
  }
}

/** Name of a state in texts, e.g. `CONTAINER_RUNNING`. */
export function stateName(state: ContainerState): string {
  return Object.entries(ContainerState).find(([, value]) => value === state)?.[0] ?? "CONTAINER_UNKNOWN";
}
