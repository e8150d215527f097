/**
 * Delete: takes back what create made.
 *
 * @module
 */
import type { CallOptions, DeleteRequest } from "../api/oci_runtime.ts";
import { ContainerStatusError, hasCode } from "../errors.ts";
import { runHooks } from "../hooks/run.ts";
import { messageOf, silentLogger } from "../oci.ts";
import { killAndWait, removeCgroups } from "./create.ts";
import type { RuncDeps } from "./runc.ts";
import { cgroupsOf, statusOf } from "./state.ts";
import { type ContainerRecord, forget, load, withLock } from "./store.ts";

/** {@inheritDoc OciRuntime.delete} */
export async function deleteContainer(
  deps: RuncDeps,
  request: DeleteRequest,
  options: CallOptions = {},
): Promise<void> {
  options.signal?.throwIfAborted();
  try {
    const { id } = load(deps.root, request.id);
    await withLock(deps.root, id, async () => {
      const record = load(deps.root, id);
      const status = statusOf(deps, record);
      const deletable = status === "stopped" || status === "created";
      if (!deletable && request.force !== true) {
        throw new ContainerStatusError(
          id,
          status,
          `cannot delete container ${id} that is not stopped: ${status}`,
        );
      }
      if (status === "paused") cgroupsOf(deps, record).thaw();
      if (status !== "stopped" && record.pid !== 0) await killAndWait(record.pid);
      await destroy(deps, record, options);
    });
  } catch (err) {
    if (request.force === true && hasCode(err, "NOT_FOUND")) return;
    throw err;
  }
}

async function destroy(deps: RuncDeps, record: ContainerRecord, options: CallOptions): Promise<void> {
  const { id, spec, bundle } = record;
  await removeCgroups(cgroupsOf(deps, record));
  for (const hook of spec.hooks?.poststop ?? []) {
    await runHooks(deps.kernel, [hook], { id, spec, bundle, status: "stopped", pid: 0 }).catch(
      (err: unknown) => {
        (options.log ?? silentLogger).warn(messageOf(err), { container: id });
      },
    );
  }
  forget(deps.root, id);
}
