/**
 * UpdateContainerResources: other limits for a container that is there.
 *
 * @module
 */
import type { CallOptions } from "../api/cri.ts";
import { type CriResources, engineResources } from "../convert/resources.ts";
import type { EngineDeps } from "../sandbox/find.ts";
import { needContainer } from "./find.ts";

/** Sets the limits that are given. @throws {ContainerNotFoundError} `NOT_FOUND`. */
export async function updateContainerResources(
  deps: EngineDeps,
  request: { readonly containerId: string; readonly linux?: CriResources | undefined },
  options: CallOptions,
): Promise<Record<string, never>> {
  const found = await needContainer(deps, request.containerId, options);
  if (request.linux !== undefined) {
    await deps.engine.containers.update(found.Id, engineResources(request.linux), options);
  }
  return {};
}
