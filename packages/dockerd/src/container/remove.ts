/**
 * Removes a container: its mark first, so that a removal that was cut short is finished by the next engine.
 *
 * Source: moby `daemon/delete.go`.
 *
 * @module
 */
import { ConflictError, NotImplementedError } from "../errors.ts";
import type { ContainerDeps } from "./deps.ts";
import { type Container, statusOf } from "./record.ts";
import { removeNow } from "./remove_now.ts";
import { killNow } from "./stop.ts";

/** How to remove. */
export interface RemoveOptions {
  /** Ends it first if it runs. */
  readonly force?: boolean;
  /** Anonymous volumes too. */
  readonly volumes?: boolean;
  readonly link?: boolean;
}

/** Removes `container`. @throws `CONFLICT` with Docker's text if it runs and `force` is not set. */
export async function removeContainer(
  deps: ContainerDeps,
  container: Container,
  options: RemoveOptions = {},
): Promise<void> {
  if (options.link) throw new NotImplementedError("cannot remove link: links are not supported");
  const { State } = container.record;
  if (State.RemovalInProgress) {
    throw new ConflictError(`removal of container ${container.id} is already in progress`);
  }
  if (State.Running) {
    if (!options.force) {
      const status = statusOf(State);
      const hint =
        status === "paused"
          ? "container is paused and must be unpaused first"
          : "container is running: stop the container before removing or force remove";
      throw new ConflictError(`cannot remove container ${JSON.stringify(container.record.Name)}: ${hint}`);
    }
    await killNow(deps, container);
  }
  await container.lock.run(() => removeNow(deps, container, { volumes: options.volumes === true }));
}
