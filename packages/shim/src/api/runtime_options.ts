/**
 * Runtime options of runc-like runtimes, `containerd.runc.v1.Options`, as a record.
 *
 * @module
 */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { OptionsSchema } from "./gen/containerd/runc/v1/options_pb.ts";
import { RUNC_OPTIONS_TYPE_URL, type TypedValue, typeName } from "./typed_value.ts";

/** What a create request may say about the runtime; absent is the runtime's own default. */
export interface RuntimeOptions {
  /** Program of the OCI runtime: name or absolute path. */
  readonly binaryName?: string;
  /** State directory of the OCI runtime, to which the namespace is added. */
  readonly root?: string;
  readonly systemdCgroup?: boolean;
  readonly noPivotRoot?: boolean;
  readonly noNewKeyring?: boolean;
  /** Cgroup for the shim itself. */
  readonly shimCgroup?: string;
}

/** Encodes runtime options for a create request. */
export function encodeRuntimeOptions(options: RuntimeOptions): TypedValue {
  return { typeUrl: RUNC_OPTIONS_TYPE_URL, value: toBinary(OptionsSchema, create(OptionsSchema, options)) };
}

/**
 * Decodes runtime options; those of another kind of runtime are none.
 *
 * @throws {Error} if they are malformed.
 */
export function decodeRuntimeOptions(options: TypedValue | undefined): RuntimeOptions {
  if (options === undefined || typeName(options.typeUrl) !== RUNC_OPTIONS_TYPE_URL) return {};
  const { binaryName, root, systemdCgroup, noPivotRoot, noNewKeyring, shimCgroup } = fromBinary(
    OptionsSchema,
    options.value,
  );
  return { binaryName, root, systemdCgroup, noPivotRoot, noNewKeyring, shimCgroup };
}
