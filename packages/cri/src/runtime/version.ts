/**
 * Version: what runtime this is.
 *
 * @module
 */
import type { CallOptions } from "../api/cri.ts";
import type { EngineDeps } from "../sandbox/find.ts";

/** Version of the kubelet's runtime protocol: it has never been another. */
const PROTOCOL_VERSION = "0.1.0";
/** Name of the runtime, as cri-dockerd says it: container ids read `docker://…`. */
const RUNTIME_NAME = "docker";

/** Name and version of the engine. */
export async function version(
  { engine }: EngineDeps,
  options: CallOptions,
): Promise<{ version: string; runtimeName: string; runtimeVersion: string; runtimeApiVersion: string }> {
  const { Version } = await engine.system.version(options);
  return {
    version: PROTOCOL_VERSION,
    runtimeName: RUNTIME_NAME,
    runtimeVersion: Version,
    runtimeApiVersion: "v1",
  };
}
