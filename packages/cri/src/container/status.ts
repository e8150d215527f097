/**
 * ContainerStatus: one container, with what became of it.
 *
 * @module
 */
import type { ContainerInspect } from "@rt/dockerd/api";
import type { CallOptions } from "../api/cri.ts";
import { ContainerState, type ContainerStatusInit } from "../api/types.ts";
import { logPathOf, readLabels, SANDBOX_ID_LABEL } from "../convert/labels.ts";
import { mountOf } from "../convert/mounts.ts";
import { containerMetadata } from "../convert/naming.ts";
import { criResources } from "../convert/resources.ts";
import { signalOf } from "../convert/signals.ts";
import { nanosOf } from "../convert/time.ts";
import { RtError } from "../errors.ts";
import { imageRefOf, inspectImage } from "../image/find.ts";
import type { StopDeps } from "../sandbox/stop.ts";
import { needContainer, stateOf } from "./find.ts";

/**
 * Status of a container; the log of one that has ended is complete when this resolves.
 *
 * @throws {ContainerNotFoundError} `NOT_FOUND`.
 */
export async function containerStatus(
  deps: StopDeps,
  request: { readonly containerId: string; readonly verbose: boolean },
  options: CallOptions,
): Promise<{ status: ContainerStatusInit; info?: Record<string, string> }> {
  const found = await needContainer(deps, request.containerId, options);
  if (stateOf(found.State) === ContainerState.CONTAINER_EXITED) await deps.logs.drained(found.Id);
  const image = await inspectImage(deps, found.Image, options);
  return {
    status: { ...statusOf(found), imageRef: imageRefOf(image, found.Image) },
    ...(request.verbose ? { info: { info: JSON.stringify(verboseOf(found)) } } : {}),
  };
}

/** Status of an inspected container, without the reference of its image. */
export function statusOf(from: ContainerInspect): ContainerStatusInit {
  const all = from.Config.Labels ?? {};
  const metadata = containerMetadata({ labels: all, name: from.Name });
  if (metadata === undefined) throw new RtError("INTERNAL", `cannot read name of container ${from.Id}`);
  return {
    id: from.Id,
    metadata,
    createdAt: nanosOf(from.Created),
    ...endOf(from),
    image: { image: from.Config.Image ?? "" },
    imageId: from.Image,
    mounts: (from.Mounts ?? []).map(mountOf),
    logPath: logPathOf(all) ?? "",
    resources: { linux: criResources(from.HostConfig) },
    stopSignal: signalOf(from.Config.StopSignal),
    ...readLabels(all),
  };
}

/** State, times, exit code and reason. */
function endOf({ State: state, Created }: ContainerInspect): ContainerStatusInit {
  const started = nanosOf(state.StartedAt);
  switch (stateOf(state)) {
    case ContainerState.CONTAINER_CREATED:
      return { state: ContainerState.CONTAINER_CREATED };
    case ContainerState.CONTAINER_RUNNING:
      return { state: ContainerState.CONTAINER_RUNNING, startedAt: started };
    case ContainerState.CONTAINER_EXITED: {
      // One that could not be started has no times: they are those of its creation.
      const neverRan = state.Status === "created" || started === 0n;
      const startedAt = neverRan ? nanosOf(Created) : started;
      const finished = neverRan ? startedAt : nanosOf(state.FinishedAt);
      return {
        state: ContainerState.CONTAINER_EXITED,
        startedAt,
        // An engine notes the start when the process runs already, so that a short one may have ended before.
        finishedAt: finished > startedAt ? finished : startedAt,
        exitCode: state.ExitCode,
        reason: neverRan ? "ContainerCannotRun" : reasonOf(state),
        message: state.Error,
      };
    }
    default:
      return { state: ContainerState.CONTAINER_UNKNOWN, startedAt: started };
  }
}

function reasonOf(state: ContainerInspect["State"]): string {
  if (state.OOMKilled) return "OOMKilled";
  return state.ExitCode === 0 ? "Completed" : "Error";
}

function verboseOf(from: ContainerInspect): Record<string, unknown> {
  return {
    sandboxID: from.Config.Labels?.[SANDBOX_ID_LABEL],
    pid: from.State.Pid,
    runtimeType: from.HostConfig.Runtime,
    config: from.Config,
  };
}
