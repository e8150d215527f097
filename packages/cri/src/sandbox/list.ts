/**
 * ListPodSandbox: the pods that are there.
 *
 * @module
 */
import type { ContainerSummary } from "@rt/dockerd/api";
import type { CallOptions } from "../api/cri.ts";
import { type PodSandboxFilter, type PodSandboxInit, PodSandboxState } from "../api/types.ts";
import { matches, RUNTIME_HANDLER_LABEL, readLabels } from "../convert/labels.ts";
import { sandboxMetadata } from "../convert/naming.ts";
import { type EngineDeps, listEngineContainers, nameAndLabels } from "./find.ts";

/** Sandboxes that match `filter`, newest first. */
export async function listPodSandbox(
  deps: EngineDeps,
  { filter }: { readonly filter?: PodSandboxFilter | undefined },
  options: CallOptions,
): Promise<{ items: PodSandboxInit[] }> {
  const found = await listEngineContainers(deps, "podsandbox", filter?.labelSelector ?? {}, options);
  const items = found
    .filter((c) => c.Id.startsWith(filter?.id ?? ""))
    .map(sandboxOf)
    .filter((s) => s !== undefined)
    // The engine also matches labels of the image.
    .filter((s) => matches(filter?.labelSelector, s.labels ?? {}))
    .filter((s) => filter?.state === undefined || s.state === filter.state.state);
  return { items };
}

/** A sandbox of the engine's list; undefined if its metadata cannot be told. */
export function sandboxOf(from: ContainerSummary): PodSandboxInit | undefined {
  const metadata = sandboxMetadata(nameAndLabels(from));
  if (metadata === undefined) return undefined;
  return {
    id: from.Id,
    metadata,
    state: from.State === "running" ? PodSandboxState.SANDBOX_READY : PodSandboxState.SANDBOX_NOTREADY,
    createdAt: BigInt(from.Created) * 1_000_000_000n,
    runtimeHandler: from.Labels[RUNTIME_HANDLER_LABEL] ?? "",
    ...readLabels(from.Labels),
  };
}
