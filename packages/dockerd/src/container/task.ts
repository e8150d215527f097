/**
 * The task of a container at containerd.
 *
 * @module
 */
import { hasCode } from "../errors.ts";
import { NAMESPACE } from "../image/contents.ts";
import type { ContainerDeps } from "./deps.ts";

/** Deletes task and container at containerd, whatever is there. */
export async function deleteTask(deps: Pick<ContainerDeps, "containerd">, id: string): Promise<void> {
  const call = { namespace: NAMESPACE };
  const { tasks, containers } = deps.containerd;
  const gone = (err: unknown): void => {
    if (!hasCode(err, "NOT_FOUND")) throw err;
  };
  await tasks.delete(id, call).catch(async (err) => {
    if (hasCode(err, "NOT_FOUND")) return;
    if (!hasCode(err, "FAILED_PRECONDITION")) throw err;
    const ended = tasks.wait({ containerId: id }, call).catch(() => undefined);
    await tasks.kill({ containerId: id, signal: 9, all: true }, call).catch(gone);
    await ended;
    await tasks.delete(id, call).catch(gone);
  });
  await containers.delete(id, call).catch(gone);
}
