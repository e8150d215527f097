/**
 * Ps: the processes of a container.
 *
 * @module
 */
import type { ContainerRequest } from "../api/oci_runtime.ts";
import type { RuncDeps } from "./runc.ts";
import { cgroupsOf } from "./state.ts";
import { load } from "./store.ts";

/** {@inheritDoc OciRuntime.ps} */
export function ps(deps: RuncDeps, { id }: ContainerRequest): number[] {
  const cgroups = cgroupsOf(deps, load(deps.root, id));
  return cgroups.exists() ? cgroups.allPids().sort((a, b) => a - b) : [];
}
