/**
 * Start: lets the waiting init go on.
 *
 * @module
 */
import { rmSync } from "node:fs";
import type { CallOptions, ContainerRequest, ContainerStatus } from "../api/oci_runtime.ts";
import { ContainerStatusError } from "../errors.ts";
import { runHooks } from "../hooks/run.ts";
import { removeCgroups } from "./create.ts";
import { release } from "./fifo.ts";
import type { RuncDeps } from "./runc.ts";
import { cgroupsOf, statusOf } from "./state.ts";
import { fifoPath, load, withLock } from "./store.ts";

/** runc's texts (start.go, libcontainer/container_linux.go). */
const REFUSALS: Readonly<Partial<Record<ContainerStatus, string>>> = {
  running: "cannot start an already running container",
  stopped: "cannot start a container that has stopped",
  paused: "cannot start a container in the paused state",
  creating: "cannot start a container in the creating state",
};

/** {@inheritDoc OciRuntime.start} */
export async function start(
  deps: RuncDeps,
  { id }: ContainerRequest,
  options: CallOptions = {},
): Promise<void> {
  options.signal?.throwIfAborted();
  const record = load(deps.root, id);
  await withLock(deps.root, id, async () => {
    const status = statusOf(deps, record);
    const refusal = REFUSALS[status];
    if (refusal !== undefined) throw new ContainerStatusError(id, status, refusal);
    const path = fifoPath(deps.root, id);
    const waited = release(path);
    rmSync(path, { force: true });
    if (!waited) throw new ContainerStatusError(id, "stopped", "cannot start a container that has stopped");
    const { spec, bundle, pid } = record;
    try {
      await runHooks(deps.kernel, spec.hooks?.poststart ?? [], { id, spec, bundle, status: "running", pid });
    } catch (err) {
      await removeCgroups(cgroupsOf(deps, record));
      throw err;
    }
  });
}
