/**
 * Calling a shim's program: which one serves a runtime, and what it is told.
 *
 * Source: containerd core/runtime/v2/{binary,shim_manager}.go.
 *
 * @module
 */
import { basename, delimiter, dirname } from "node:path";
import {
  deleteShim,
  type ShimAddress,
  type ShimInvocation,
  shimProgramName,
  startShim,
} from "@rt/shim/client";
import type { TypedAny } from "../api/call.ts";
import type { ExitStatus } from "../api/tasks.ts";
import type { Config } from "../config.ts";
import type { Bundle } from "./bundle.ts";

/** Name of our own shim's program. */
const OWN_SHIM = "containerd-shim-rt-v2";

/** How long a `delete` may take. Milliseconds; containerd's value. */
const deleteTimeoutMs = 5000;

/** Longest directory of shim sockets, whose names have 64 bytes. Source: containerd defaults, 107 bytes for a path. */
const MAX_SOCKET_DIR_BYTES = 42;

/** Whether a binary is our own shim, of which one serves a namespace. */
export function isOwnShim(binary: string): boolean {
  return basename(binary) === OWN_SHIM;
}

/**
 * Binary of a runtime: as configured, else its name, which is looked up in PATH when it is called.
 *
 * @throws {RtError} `INVALID_ARGUMENT` if the name is not one of a runtime.
 */
export function shimBinary(config: Pick<Config, "shims">, runtime: string): string {
  const configured = config.shims[runtime];
  if (configured !== undefined) return configured;
  shimProgramName(runtime);
  return runtime;
}

function invocation(config: Config, bundle: Bundle, binary: string): ShimInvocation {
  const { address, ttrpcAddress, path, logLevel, shims } = config;
  const beside = Object.values(shims).map(dirname);
  return {
    runtime: binary,
    id: bundle.id,
    namespace: bundle.namespace,
    bundle: bundle.path,
    address,
    ttrpcAddress,
    path: [...new Set([...path.split(delimiter), ...beside])].join(delimiter),
    debug: logLevel === "debug",
  };
}

/** Below the state directory, where a socket's path still fits; else the shim's default. */
function socketDir({ state }: Config): { readonly socketDir?: string } {
  const dir = `${state}/s`;
  return Buffer.byteLength(dir) > MAX_SOCKET_DIR_BYTES ? {} : { socketDir: dir };
}

/**
 * Starts a shim for a bundle, or has the running one of its group say where it listens.
 *
 * @throws {RtError} `NOT_FOUND` if it is not installed; `UNKNOWN` with its own words if it fails.
 */
export function launchShim(
  config: Config,
  bundle: Bundle,
  binary: string,
  options?: TypedAny,
): Promise<ShimAddress> {
  return startShim({
    ...invocation(config, bundle, binary),
    ...(options === undefined ? {} : { options }),
    // Shims of containerd 1.x refuse what they cannot decode; ours is told of the newest.
    ...(isOwnShim(binary) ? socketDir(config) : { stdin: "options" as const }),
  });
}

/** Has a shim's program remove what a dead shim has left. @throws as {@linkcode launchShim}. */
export async function deleteDeadShim(
  config: Config,
  bundle: Bundle,
  binary: string,
): Promise<ExitStatus & { readonly pid: number; readonly exitedAt: Date }> {
  const signal = AbortSignal.timeout(deleteTimeoutMs);
  const answer = await deleteShim({ ...invocation(config, bundle, binary), signal });
  return { pid: answer.pid, exitStatus: answer.exitStatus, exitedAt: answer.exitedAt ?? new Date() };
}
