/**
 * The runtime that commands use: one launch per process, so the interpreter is copied rather than kept.
 *
 * @module
 */
import { compose } from "../compose.ts";
import type { Runc } from "../container/runc.ts";
import { spawnKernel } from "../host/spawn_kernel.ts";

/** The runtime over `root`. */
export function openRuntime(root: string): Runc {
  return compose({ root, kernel: spawnKernel({ interpreter: "private" }) });
}
