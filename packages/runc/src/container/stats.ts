/**
 * Stats: counters of a container's cgroups.
 *
 * @module
 */
import type { ContainerRequest } from "../api/oci_runtime.ts";
import type { CgroupStats } from "../cgroups/stats.ts";
import { ContainerStatusError } from "../errors.ts";
import type { RuncDeps } from "./runc.ts";
import { cgroupsOf, statusOf } from "./state.ts";
import { load } from "./store.ts";

/** Counters, as `runc events --stats` has them. @throws {ContainerStatusError} if it is stopped. */
export function stats(deps: RuncDeps, { id }: ContainerRequest): CgroupStats {
  const record = load(deps.root, id);
  const status = statusOf(deps, record);
  if (status === "stopped")
    throw new ContainerStatusError(id, status, `container with id ${id} is not running`);
  return cgroupsOf(deps, record).stats();
}
