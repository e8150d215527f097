/**
 * Which runtime a create request's options choose.
 *
 * @module
 */
import { join } from "node:path";
import { messageOf, RtError } from "@rt/runc/oci";
import { decodeRuntimeOptions, type RuntimeOptions } from "../api/runtime_options.ts";
import type { TypedValue } from "../api/typed_value.ts";
import type { RuntimeChoice } from "./record.ts";

/** Names of our own runtime, for which no program is run. */
const OURS: ReadonlySet<string> = new Set(["", "rt-runc"]);

/**
 * The runtime that `options` choose; options of a kind that is not runc's count as none.
 *
 * Without a `root` the runtime keeps its state in the bundle, so that it goes when the bundle does.
 * @throws {RtError} `INVALID_ARGUMENT` if they are malformed.
 */
export function chooseRuntime(
  options: TypedValue | undefined,
  bundle: string,
  namespace: string,
): RuntimeChoice {
  let chosen: RuntimeOptions;
  try {
    chosen = decodeRuntimeOptions(options);
  } catch (err) {
    throw new RtError("INVALID_ARGUMENT", `cannot read runtime options: ${messageOf(err)}`, { cause: err });
  }
  const { binaryName = "", root = "" } = chosen;
  return {
    binary: OURS.has(binaryName) ? "" : binaryName,
    root: root === "" ? join(bundle, "runtime") : join(root, namespace),
    systemdCgroup: chosen.systemdCgroup ?? false,
    noPivot: chosen.noPivotRoot ?? false,
    noNewKeyring: chosen.noNewKeyring ?? false,
  };
}
