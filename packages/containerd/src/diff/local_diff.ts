/**
 * The diff service of this containerd.
 *
 * @module
 */
import type { Diff } from "../api/diff.ts";
import { applyLayer } from "./apply.ts";
import { type CompareParts, compareMounts } from "./compare.ts";

/** Diff over the content store and the kernel port. */
export function localDiff(parts: CompareParts): Diff {
  return {
    apply: (layer, mounts, options, call) => applyLayer(parts, layer, mounts, options, call),
    compare: (left, right, options, call) => compareMounts(parts, left, right, options, call),
  };
}
