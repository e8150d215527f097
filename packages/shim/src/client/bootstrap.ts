/**
 * Starting and removing shims as containerd does: their program is called with `start` or `delete`.
 *
 * Sent to a shim are, at the same time, what all three generations read: flags and environment (all), the runtime
 * options' `Any` on stdin (containerd up to 2.2) or BootstrapParams on stdin (2.3 and later). Its answer may be
 * BootstrapResult in binary (2.3), JSON (2.0) or a bare address (1.x).
 *
 * Source: containerd pkg/shim/util.go, core/runtime/v2/{binary,shim}.go; v1.6 runtime/v2/{binary.go,shim/util.go}.
 *
 * @module
 */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { messageOf, RtError } from "@rt/runc/oci";
import {
  BootstrapParamsSchema,
  BootstrapResultSchema,
  LogLevel,
} from "../api/gen/containerd/runtime/bootstrap/v1/bootstrap_pb.ts";
import { DeleteResponseSchema } from "../api/gen/containerd/task/v2/task_pb.ts";
import type { ProcessExit } from "../api/task_service.ts";
import type { TypedValue } from "../api/typed_value.ts";
import { fromExit, toAny } from "../api/wire.ts";
import { ShimStartError } from "../errors.ts";
import { findProgram, runProgram } from "../host/program.ts";
import type { ShimAddress } from "./task.ts";

/** What a call of a shim's program needs. */
export interface ShimInvocation {
  /** Runtime name, e.g. `io.containerd.runc.v2`, or the absolute path of the shim's program. */
  readonly runtime: string;
  readonly id: string;
  /** The containerd namespace. */
  readonly namespace: string;
  /** Directory with config.json, absolute. */
  readonly bundle: string;
  /** containerd's own gRPC address, a bare path. */
  readonly address: string;
  /** containerd's address for events, a bare path. @default {address + ".ttrpc"} */
  readonly ttrpcAddress?: string;
  /** Program that can publish events by `publish`; old shims insist on the flag. @default {"containerd"} */
  readonly publishBinary?: string;
  readonly debug?: boolean;
  /** List of directories where the shim's program is looked for. */
  readonly path: string;
  /** Further environment of the shim. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Request of {@linkcode startShim}. */
export interface StartShimRequest extends ShimInvocation {
  /** Runtime options, as in the create request that follows. */
  readonly options?: TypedValue;
  /**
   * What the shim reads on stdin: BootstrapParams as containerd 2.3, or the options as before; `auto` tries the first
   * and falls back to the second, because shims of containerd 1.x refuse what they cannot decode.
   * @default {"auto"}
   */
  readonly stdin?: "auto" | "params" | "options";
  /** Version that we say to be. @default {"2.3.0"} */
  readonly containerdVersion?: string;
  /** Where the shim is to put its socket; short. */
  readonly socketDir?: string;
}

/**
 * The program's name for a runtime name: `io.containerd.runc.v2` → `containerd-shim-runc-v2`; paths stay.
 *
 * @throws {RtError} `INVALID_ARGUMENT` if the name has fewer than two parts.
 */
export function shimProgramName(runtime: string): string {
  if (runtime.startsWith("/")) return runtime;
  const parts = runtime.split(".");
  const [name, version] = parts.slice(-2);
  if (parts.length < 2 || !name || !version)
    throw new RtError(
      "INVALID_ARGUMENT",
      `invalid runtime name ${runtime}, correct runtime name should be either format like \`io.containerd.runc.v2\` or a full path to the binary`,
    );
  return `containerd-shim-${name}-${version}`;
}

/** Finds the program of a runtime. @throws {RtError} `NOT_FOUND`. */
function shimProgram({ runtime, path }: ShimInvocation): string {
  const name = shimProgramName(runtime);
  const found = findProgram(name, path);
  if (found === undefined)
    throw new RtError(
      "NOT_FOUND",
      `runtime "${runtime}" binary not installed "${name}": file does not exist`,
    );
  return found;
}

function commonArgs(call: ShimInvocation): string[] {
  const { namespace, address, publishBinary = "containerd", id, debug } = call;
  const args = ["-namespace", namespace, "-address", address, "-publish-binary", publishBinary, "-id", id];
  return debug === true ? [...args, "-debug"] : args;
}

function environment(call: ShimInvocation): Record<string, string> {
  return {
    PATH: call.path,
    GOMAXPROCS: "2",
    MAX_SHIM_VERSION: "2",
    TTRPC_ADDRESS: call.ttrpcAddress ?? `${call.address}.ttrpc`,
    GRPC_ADDRESS: call.address,
    NAMESPACE: call.namespace,
    ...call.env,
  };
}

function startInput(request: StartShimRequest, stdin: "params" | "options"): Uint8Array {
  if (stdin === "options")
    return request.options === undefined ? new Uint8Array(0) : toBinary(AnySchema, toAny(request.options));
  const params = create(BootstrapParamsSchema, {
    instanceId: request.id,
    namespace: request.namespace,
    logLevel: request.debug === true ? LogLevel.DEBUG : LogLevel.INFO,
    containerdVersion: request.containerdVersion ?? "2.3.0",
    containerdTtrpcAddress: request.ttrpcAddress ?? `${request.address}.ttrpc`,
    containerdGrpcAddress: request.address,
    containerdBinary: request.publishBinary ?? "containerd",
    ...(request.options === undefined ? {} : { extensions: [{ value: toAny(request.options) }] }),
    ...(request.socketDir === undefined ? {} : { socketDir: request.socketDir }),
  });
  return toBinary(BootstrapParamsSchema, params);
}

/**
 * Where a shim says it listens: BootstrapResult, JSON or a bare address.
 *
 * @throws {RtError} `INVALID_ARGUMENT` if it is none of them; `NOT_IMPLEMENTED` for a version or protocol we lack.
 */
export function parseStartAnswer(answer: Uint8Array): ShimAddress {
  const { address, version, protocol } = binaryAnswer(answer) ?? textAnswer(answer);
  if (!/^(unix:\/\/|\/)/.test(address))
    throw new RtError(
      "INVALID_ARGUMENT",
      `cannot read answer of shim: ${JSON.stringify(address.slice(0, 200))}`,
    );
  if (version > 3)
    throw new RtError("NOT_IMPLEMENTED", `unsupported shim version (${version}): not implemented`);
  if (protocol !== "ttrpc") throw new RtError("NOT_IMPLEMENTED", `unexpected protocol: "${protocol}"`);
  return { address, version, protocol };
}

interface Answer {
  readonly address: string;
  readonly version: number;
  readonly protocol: string;
}

function binaryAnswer(answer: Uint8Array): Answer | undefined {
  try {
    const { address, version, protocol } = fromBinary(BootstrapResultSchema, answer);
    return address === "" ? undefined : { address, version, protocol };
  } catch {
    return undefined;
  }
}

function textAnswer(answer: Uint8Array): Answer {
  const text = new TextDecoder().decode(answer).trim();
  try {
    const json = JSON.parse(text) as Partial<Answer>;
    if (typeof json.version === "number" && json.version >= 2 && typeof json.address === "string")
      return {
        version: json.version,
        address: json.address,
        protocol: (json.protocol ?? "ttrpc").toLowerCase(),
      };
  } catch {
    // A bare address.
  }
  return { address: text, version: 2, protocol: "ttrpc" };
}

/**
 * Starts a shim (or finds the running one of its group) and says where it listens.
 *
 * @throws {RtError} `NOT_FOUND` if its program is missing.
 * @throws {ShimStartError} `UNKNOWN` with what the program wrote if it failed.
 */
export async function startShim(request: StartShimRequest): Promise<ShimAddress> {
  const path = shimProgram(request);
  const { stdin = "auto" } = request;
  try {
    return await callStart(path, request, stdin === "options" ? "options" : "params");
  } catch (err) {
    // containerd 1.x reads BootstrapParams as an Any whose type is the id.
    if (stdin !== "auto" || !(err instanceof ShimStartError) || !err.message.includes("type with url"))
      throw err;
    return await callStart(path, request, "options");
  }
}

async function callStart(
  path: string,
  request: StartShimRequest,
  stdin: "params" | "options",
): Promise<ShimAddress> {
  const result = await runProgram({
    path,
    args: [...commonArgs(request), "start"],
    cwd: request.bundle,
    env: environment(request),
    stdin: startInput(request, stdin),
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  });
  if (result.code !== 0) throw startError("start", request.id, result);
  try {
    return parseStartAnswer(result.stdout);
  } catch (err) {
    throw new RtError("INTERNAL", `cannot start shim ${request.id}: ${messageOf(err)}`, { cause: err });
  }
}

/**
 * Removes what is left of a container whose shim is gone, by the shim's own program.
 *
 * @throws {RtError} `NOT_FOUND` if its program is missing.
 * @throws {ShimStartError} `UNKNOWN` with what the program wrote if it failed.
 */
export async function deleteShim(call: ShimInvocation): Promise<ProcessExit> {
  const path = shimProgram(call);
  const result = await runProgram({
    path,
    args: [...commonArgs(call), "-bundle", call.bundle, "delete"],
    cwd: call.bundle,
    env: environment(call),
    ...(call.signal === undefined ? {} : { signal: call.signal }),
  });
  if (result.code !== 0) throw startError("delete", call.id, result);
  const answer = fromBinary(DeleteResponseSchema, result.stdout);
  return { pid: answer.pid, ...fromExit(answer) };
}

function startError(
  action: string,
  id: string,
  result: { readonly code: number; readonly stdout: Uint8Array; readonly stderr: Uint8Array },
): ShimStartError {
  const text = `${new TextDecoder().decode(result.stdout)}${new TextDecoder().decode(result.stderr)}`.trim();
  return new ShimStartError(action, id, text, result.code);
}
