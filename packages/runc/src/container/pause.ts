/**
 * Pause and resume: the freezer of a container's cgroup.
 *
 * @module
 */
import type { CallOptions, ContainerRequest } from "../api/oci_runtime.ts";
import { ContainerStatusError } from "../errors.ts";
import type { RuncDeps } from "./runc.ts";
import { cgroupsOf, statusOf } from "./state.ts";
import { load, withLock } from "./store.ts";

/** {@inheritDoc OciRuntime.pause} */
export async function pause(
  deps: RuncDeps,
  { id }: ContainerRequest,
  options: CallOptions = {},
): Promise<void> {
  const record = load(deps.root, id);
  await withLock(deps.root, id, async () => {
    const status = statusOf(deps, record);
    if (status !== "running" && status !== "created") {
      throw new ContainerStatusError(id, status, "container not running");
    }
    await cgroupsOf(deps, record).freeze(options.signal === undefined ? {} : { signal: options.signal });
  });
}

/** {@inheritDoc OciRuntime.resume} */
export async function resume(
  deps: RuncDeps,
  { id }: ContainerRequest,
  options: CallOptions = {},
): Promise<void> {
  options.signal?.throwIfAborted();
  const record = load(deps.root, id);
  await withLock(deps.root, id, () => {
    const status = statusOf(deps, record);
    if (status !== "paused") throw new ContainerStatusError(id, status, "container not paused");
    cgroupsOf(deps, record).thaw();
  });
}
