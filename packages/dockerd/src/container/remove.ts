/**
 * Removes a container: its mark first, so that a removal that was cut short is finished by the next engine.
 *
 * Source: moby `daemon/delete.go`.
 *
 * @module
 */
import { rm } from "node:fs/promises";
import { ConflictError, hasCode, NotImplementedError } from "../errors.ts";
import { NAMESPACE } from "../image/contents.ts";
import { type ContainerDeps, fifoDir, publishContainer } from "./deps.ts";
import { deleteTask, wake } from "./exit.ts";
import { type Container, statusOf } from "./record.ts";
import { killNow } from "./stop.ts";

/** How to remove. */
export interface RemoveOptions {
  /** Ends it first if it runs. */
  readonly force?: boolean;
  /** Anonymous volumes too. */
  readonly volumes?: boolean;
  readonly link?: boolean;
  /** The caller holds the container's lock. */
  readonly locked?: boolean;
}

/** Removes `container`. @throws `CONFLICT` with Docker's text if it runs and `force` is not set. */
export async function removeContainer(
  deps: ContainerDeps,
  container: Container,
  options: RemoveOptions = {},
): Promise<void> {
  if (options.link) throw new NotImplementedError("cannot remove link: links are not supported");
  const { State } = container.record;
  if (State.RemovalInProgress && !options.locked) {
    throw new ConflictError(`removal of container ${container.id} is already in progress`);
  }
  if (State.Running && !options.locked) {
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
  const work = async (): Promise<void> => {
    if (deps.store.find(container.id) !== container || State.RemovalInProgress) return;
    State.RemovalInProgress = true;
    await deps.store.save(container);
    await removeParts(deps, container, options.volumes === true);
    publishContainer(deps, container, "destroy");
    wake(container, ["removed", "not-running", "next-exit"]);
  };
  if (options.locked) await work();
  else await container.lock.run(work);
}

/** Removes what there is of a container, in any state. Used by a restarted engine too. */
export async function removeParts(
  deps: ContainerDeps,
  container: Container,
  volumes: boolean,
): Promise<void> {
  container.stopHealth?.();
  const snapshot = deps.containerd.snapshots
    .remove({ snapshotter: deps.config.snapshotter, key: container.id }, { namespace: NAMESPACE })
    .catch((err) => {
      if (!hasCode(err, "NOT_FOUND")) throw err;
    });
  await Promise.all([
    deleteTask(deps, container.id).then(() => snapshot),
    rm(fifoDir(deps, container.id), { recursive: true, force: true }),
  ]);
  const anonymous = Object.values(container.record.MountPoints).filter(
    (m) => m.Anonymous && m.Name !== undefined,
  );
  await deps.store.remove(container);
  if (!volumes) return;
  for (const mount of anonymous) {
    await deps.volumes.remove(mount.Name!).catch((err) => {
      deps.log.debug("cannot remove volume", { volume: mount.Name, err });
    });
  }
}
