/**
 * Update: changes the limits of a container that exists.
 *
 * @module
 */
import type { CallOptions, UpdateRequest } from "../api/oci_runtime.ts";
import { ContainerStatusError, InvalidRequestError, RtError } from "../errors.ts";
import type { LinuxResources } from "../oci.ts";
import { validateResources } from "../oci.ts";
import type { RuncDeps } from "./runc.ts";
import { cgroupsOf, statusOf } from "./state.ts";
import { load, save, withLock } from "./store.ts";

/** {@inheritDoc OciRuntime.update} */
export async function update(
  deps: RuncDeps,
  request: UpdateRequest,
  options: CallOptions = {},
): Promise<void> {
  options.signal?.throwIfAborted();
  const { id, resources } = request;
  const problem = validateResources(resources).find((p) => p.severity === "error");
  if (problem !== undefined) throw new InvalidRequestError(`${problem.path} ${problem.message}`.trim());
  load(deps.root, id);
  await withLock(deps.root, id, () => {
    const record = load(deps.root, id);
    const status = statusOf(deps, record);
    if (status === "stopped") throw new ContainerStatusError(id, status, "container not running");
    const cgroups = cgroupsOf(deps, record);
    if (cgroups.version === 2 && resources.devices !== undefined) {
      throw new RtError("NOT_IMPLEMENTED", "devices of a unified cgroup cannot be updated");
    }
    cgroups.set(resources);
    const linux = { ...record.spec.linux, resources: merged(record.spec.linux?.resources, resources) };
    save(deps.root, { ...record, spec: { ...record.spec, linux } });
  });
}

/** Section by section, the new values over the old ones. */
function merged(old: LinuxResources = {}, next: LinuxResources): LinuxResources {
  const result: Record<string, unknown> = { ...old };
  for (const [section, value] of Object.entries(next)) {
    const before = result[section];
    const mergeable = typeof value === "object" && !Array.isArray(value) && typeof before === "object";
    result[section] = mergeable ? { ...before, ...value } : value;
  }
  return result;
}
