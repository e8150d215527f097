/**
 * The containerd runtime of a container, by the name in its HostConfig.
 *
 * A runtime with a path runs that program under the runc shim.
 * Source: moby `daemon/runtime_unix.go`; containerd `api/types/runc/options/oci.proto` (field 6 binary_name).
 *
 * @module
 */
import type { ContainerRuntime } from "@rt/containerd/api";
import type { RuntimeInfo } from "../api/types/index.ts";
import { InvalidParameterError } from "../errors.ts";

/** Field 6 of `containerd.runc.v1.Options`, of wire type 2. */
const BINARY_NAME_TAG = (6 << 3) | 2;

/** `containerd.runc.v1.Options` with only the program's path. */
function runcOptions(path: string): Uint8Array {
  const name = new TextEncoder().encode(path);
  const length: number[] = [];
  for (let rest = name.length; ; rest >>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  return new Uint8Array([BINARY_NAME_TAG, ...length, ...name]);
}

/** The runtime to give to containerd. @throws {InvalidParameterError} with Docker's text for an unknown name. */
export function runtimeOf(
  deps: { readonly runtimes: Readonly<Record<string, RuntimeInfo>>; readonly defaultRuntime: string },
  name: string,
): ContainerRuntime {
  const runtime = deps.runtimes[name || deps.defaultRuntime];
  if (runtime === undefined) throw new InvalidParameterError(`unknown or invalid runtime name: ${name}`);
  const shim = runtime.runtimeType ?? "io.containerd.runc.v2";
  if (runtime.path === undefined || runtime.path === "") return { name: shim };
  return { name: shim, options: { typeUrl: "containerd.runc.v1.Options", value: runcOptions(runtime.path) } };
}
