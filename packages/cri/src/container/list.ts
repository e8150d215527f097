/**
 * ListContainers: the containers of all pods.
 *
 * @module
 */
import type { ContainerSummary } from "@rt/dockerd/api";
import type { CallOptions } from "../api/cri.ts";
import { type ContainerFilter, type ContainerInit, ContainerState } from "../api/types.ts";
import { matches, readLabels, SANDBOX_ID_LABEL } from "../convert/labels.ts";
import { containerMetadata } from "../convert/naming.ts";
import { type EngineDeps, listEngineContainers, nameAndLabels } from "../sandbox/find.ts";

/** What containers are selected by; empty fields select all. */
export type ContainerSelection = Pick<ContainerFilter, "id" | "podSandboxId" | "labelSelector">;

/** Containers that match `filter`, newest first. */
export async function listContainers(
  deps: EngineDeps,
  { filter }: { readonly filter?: ContainerFilter | undefined },
  options: CallOptions,
): Promise<{ containers: ContainerInit[] }> {
  const containers = (await selectContainers(deps, filter, options))
    .map(containerOf)
    .filter((c) => c !== undefined)
    .filter((c) => filter?.state === undefined || c.state === filter.state.state);
  return { containers };
}

/** The engine's containers that match `selection`. */
export async function selectContainers(
  deps: EngineDeps,
  selection: ContainerSelection | undefined,
  options: CallOptions,
): Promise<ContainerSummary[]> {
  const found = await listEngineContainers(deps, "container", selection?.labelSelector ?? {}, options);
  const { id = "", podSandboxId = "" } = selection ?? {};
  return found.filter(
    (c) =>
      c.Id.startsWith(id) &&
      (c.Labels[SANDBOX_ID_LABEL] ?? "").startsWith(podSandboxId) &&
      // The engine also matches labels of the image.
      matches(selection?.labelSelector, readLabels(c.Labels).labels),
  );
}

/** A container of the engine's list; undefined if its metadata cannot be told. */
export function containerOf(from: ContainerSummary): ContainerInit | undefined {
  const metadata = containerMetadata(nameAndLabels(from));
  if (metadata === undefined) return undefined;
  return {
    id: from.Id,
    podSandboxId: from.Labels[SANDBOX_ID_LABEL] ?? "",
    metadata,
    image: { image: from.Image },
    imageRef: from.ImageID,
    imageId: from.ImageID,
    state: stateOfSummary(from.State),
    createdAt: BigInt(from.Created) * 1_000_000_000n,
    ...readLabels(from.Labels),
  };
}

function stateOfSummary(state: ContainerSummary["State"]): ContainerState {
  switch (state) {
    case "created":
      return ContainerState.CONTAINER_CREATED;
    case "running":
    case "paused":
    case "restarting":
      return ContainerState.CONTAINER_RUNNING;
    case "exited":
    case "dead":
    case "removing":
      return ContainerState.CONTAINER_EXITED;
    default:
      return ContainerState.CONTAINER_UNKNOWN;
  }
}
