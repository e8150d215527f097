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

/** What is to be removed with a container, and what is gone already. */
export interface RemoveNowOptions {
  /** Its anonymous volumes too. */
  readonly volumes: boolean;
  /** It has just ended: its task is deleted, and its record says so; a restarted engine would remove it. */
  readonly ended?: boolean;
}

/** Removes `container`, whose lock is held. */
export async function removeNow(
  deps: ContainerDeps,
  container: Container,
  options: RemoveNowOptions,
): Promise<void> {
  const { State } = container.record;
  if (deps.store.find(container.id) !== container || State.RemovalInProgress) return;
  State.RemovalInProgress = true;
  if (!options.ended) await deps.store.save(container);
  try {
    await removeParts(deps, container, options);
  } catch (err) {
    // It can be tried again, by the user or by the next engine.
    State.RemovalInProgress = false;
    State.Dead = true;
    await deps.store.save(container).catch(() => {});
    throw err;
  }
  publishContainer(deps, container, "destroy");
  wake(container, ["removed", "not-running", "next-exit"]);
}

/** Removes what there is of a container, in any state. Used by a restarted engine too. */
export async function removeParts(
  deps: ContainerDeps,
  container: Container,
  options: RemoveNowOptions,
): Promise<void> {
  container.stopHealth?.();
  const { snapshots } = deps.containerd;
  if (!options.ended) await deleteTask(deps, container.id);
  await Promise.all([
    snapshots
      .remove({ snapshotter: deps.config.snapshotter, key: container.id }, { namespace: NAMESPACE })
      .catch((err) => {
        if (!hasCode(err, "NOT_FOUND")) throw err;
      }),
    rm(fifoDir(deps, container.id), { recursive: true, force: true }),
  ]);
  const anonymous = Object.values(container.record.MountPoints).filter(
    (m) => m.Anonymous && m.Name !== undefined,
  );
  await deps.store.remove(container);
  if (!options.volumes) return;
  for (const mount of anonymous) {
    await deps.volumes.remove(mount.Name!).catch((err) => {
      deps.log.debug("cannot remove volume", { volume: mount.Name, err });
    });
  }
}
