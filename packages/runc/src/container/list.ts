/**
 * List: the state of every container below the root.
 *
 * @module
 */
import type { CallOptions, ContainerState } from "../api/oci_runtime.ts";
import type { RuncDeps } from "./runc.ts";
import { describe } from "./state.ts";
import { ids, load } from "./store.ts";

/** States of all containers, sorted by id; one that cannot be read is logged and left out. */
export function list(deps: RuncDeps, options: CallOptions = {}): ContainerState[] {
  return ids(deps.root).flatMap((id) => {
    try {
      return [describe(deps, load(deps.root, id))];
    } catch (err) {
      options.log?.warn(`load container ${id}`, { err });
      return [];
    }
  });
}
