/**
 * The steps of a removal, for a container that does not run.
 *
 * @module
 */
import { rm } from "node:fs/promises";
import { hasCode } from "../errors.ts";
import { NAMESPACE } from "../image/contents.ts";
import { type ContainerDeps, fifoDir, publishContainer } from "./deps.ts";
import type { Container } from "./record.ts";
import { deleteTask } from "./task.ts";
import { wake } from "./wait.ts";

/** Removes `container`, whose lock is held; with `volumes`, its anonymous volumes too. */
export async function removeNow(deps: ContainerDeps, container: Container, volumes: boolean): Promise<void> {
  const { State } = container.record;
  if (deps.store.find(container.id) !== container || State.RemovalInProgress) return;
  State.RemovalInProgress = true;
  await deps.store.save(container);
  await removeParts(deps, container, volumes);
  publishContainer(deps, container, "destroy");
  wake(container, ["removed", "not-running", "next-exit"]);
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
