/**
 * Changes limits and restart policy of a container.
 *
 * Source: moby `daemon/update.go`, `daemon/container/container_unix.go` UpdateContainer.
 *
 * @module
 */
import type { ContainerUpdateRequest, ContainerUpdateResponse, HostConfig } from "../api/types/index.ts";
import { ConflictError } from "../errors.ts";
import { NAMESPACE } from "../image/contents.ts";
import { type ContainerDeps, publishContainer } from "./deps.ts";
import { checkHostConfig } from "./host_config.ts";
import type { Container } from "./record.ts";
import { specLimits } from "./spec_resources.ts";
import { jsonAny } from "./start.ts";

/** Type of OCI resources in an Any. */
const RESOURCES_TYPE = "types.containerd.io/opencontainers/runtime-spec/1/LinuxResources";

/** Applies `request`; on failure nothing has changed. @throws `INVALID_ARGUMENT` with Docker's text. */
export async function updateContainer(
  deps: ContainerDeps,
  container: Container,
  request: ContainerUpdateRequest,
): Promise<ContainerUpdateResponse> {
  await container.lock.run(async () => {
    const { RestartPolicy, ...limits } = request;
    const changed: HostConfig = { ...container.hostConfig };
    for (const [key, value] of Object.entries(limits)) {
      if (value !== 0 && value !== "" && value !== null && value !== undefined)
        Object.assign(changed, { [key]: value });
    }
    if (RestartPolicy?.Name) {
      if (container.hostConfig.AutoRemove && RestartPolicy.Name !== "no") {
        throw new ConflictError(
          "Restart policy cannot be updated because AutoRemove is enabled for the container",
        );
      }
      changed.RestartPolicy = RestartPolicy;
    }
    if (!deps.facts.swapAccounting) changed.MemorySwap = 0;
    checkHostConfig(deps, changed);
    if (container.record.State.Running) {
      const resources = jsonAny(RESOURCES_TYPE, specLimits(changed));
      await deps.containerd.tasks.update({ containerId: container.id, resources }, { namespace: NAMESPACE });
    }
    container.hostConfig = changed;
    await deps.store.save(container);
  });
  publishContainer(deps, container, "update");
  return { Warnings: [] };
}
