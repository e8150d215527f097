/**
 * Kill: a signal for a container's init, or for everything in it.
 *
 * @module
 */
import process from "node:process";
import type { CallOptions, KillRequest } from "../api/oci_runtime.ts";
import { ContainerStatusError, InvalidRequestError } from "../errors.ts";
import { parseSignal } from "../signals.ts";
import type { RuncDeps } from "./runc.ts";
import { cgroupsOf, statusOf } from "./state.ts";
import { type ContainerRecord, load } from "./store.ts";

const SIGKILL = 9;

/** {@inheritDoc OciRuntime.kill} */
export async function kill(deps: RuncDeps, request: KillRequest, options: CallOptions = {}): Promise<void> {
  options.signal?.throwIfAborted();
  const record = load(deps.root, request.id);
  const signal = parseSignal(String(request.signal ?? "SIGTERM"));
  const status = statusOf(deps, record);
  if (request.all === true) {
    for (const pid of livePids(deps, record)) send(pid, signal);
  } else {
    if (status === "stopped") throw new ContainerStatusError(request.id, status, "container not running");
    if (!send(record.pid, signal)) {
      throw new ContainerStatusError(request.id, "stopped", "process already finished");
    }
  }
  // A frozen process does not die.
  if (status === "paused" && signal === SIGKILL) cgroupsOf(deps, record).thaw();
}

function livePids(deps: RuncDeps, record: ContainerRecord): number[] {
  const cgroups = cgroupsOf(deps, record);
  return cgroups.exists() ? cgroups.allPids() : [];
}

/** Sends `signal`; false if there is no such process. */
function send(pid: number, signal: number): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (err) {
    const code = (err as { code?: string }).code;
    if (code === "ESRCH") return false;
    if (code === "EINVAL") throw new InvalidRequestError("unable to signal init: invalid argument", err);
    throw err;
  }
}
