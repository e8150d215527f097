/**
 * Runtime options of a create request, as far as a runtime takes them.
 *
 * @module
 */
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { messageOf, RtError } from "@rt/runc/oci";
import { OptionsSchema } from "../api/gen/containerd/runc/v1/options_pb.ts";
import { RUNC_OPTIONS_TYPE_URL, type TypedValue, typeName } from "../api/typed_value.ts";
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
  const root = join(bundle, "runtime");
  if (options === undefined || typeName(options.typeUrl) !== RUNC_OPTIONS_TYPE_URL)
    return { binary: "", root, systemdCgroup: false, noPivot: false, noNewKeyring: false };
  try {
    const chosen = fromBinary(OptionsSchema, options.value);
    return {
      binary: OURS.has(chosen.binaryName) ? "" : chosen.binaryName,
      root: chosen.root === "" ? root : join(chosen.root, namespace),
      systemdCgroup: chosen.systemdCgroup,
      noPivot: chosen.noPivotRoot,
      noNewKeyring: chosen.noNewKeyring,
    };
  } catch (err) {
    throw new RtError("INVALID_ARGUMENT", `cannot read runtime options: ${messageOf(err)}`, { cause: err });
  }
}
