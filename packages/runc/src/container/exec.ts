/**
 * Exec: one more process in a container.
 *
 * @module
 */
import process from "node:process";
import type { CallOptions, ExecRequest, LaunchedProcess } from "../api/oci_runtime.ts";
import { ContainerStatusError, InvalidRequestError } from "../errors.ts";
import { compileExec } from "../init/exec.ts";
import type { Process } from "../oci.ts";
import { compileSeccomp } from "../seccomp/compile.ts";
import { checkProcess } from "../specconv/load.ts";
import { lastCapability, refusePreserveFds, writePidFile } from "./create.ts";
import { launchProcess } from "./launch.ts";
import { foreignNamespaces } from "./process_state.ts";
import type { RuncDeps } from "./runc.ts";
import { cgroupsOf, statusOf } from "./state.ts";
import { type ContainerRecord, load } from "./store.ts";

/** {@inheritDoc OciRuntime.exec} */
export async function exec(
  deps: RuncDeps,
  request: ExecRequest,
  options: CallOptions = {},
): Promise<LaunchedProcess> {
  options.signal?.throwIfAborted();
  const record = load(deps.root, request.id);
  const status = statusOf(deps, record);
  if (status === "stopped") {
    throw new ContainerStatusError(request.id, status, "cannot exec in a stopped container");
  }
  if (status === "paused" && request.ignorePaused !== true) {
    const text = "cannot exec in a paused container (use --ignore-paused to override)";
    throw new ContainerStatusError(request.id, status, text);
  }
  checkProcess(request.process);
  refusePreserveFds(request.preserveFds);
  if (request.process.terminal === true && request.io?.console === undefined) {
    throw new InvalidRequestError("cannot allocate tty if runc will detach without setting console socket");
  }
  const mode = request.parent ?? "stay";
  const { spec } = record;
  const seccomp = spec.linux?.seccomp;
  const program = compileExec({
    id: request.id,
    initPid: record.pid,
    namespaces: foreignNamespaces(record.pid),
    process: inherit(request.process, record),
    join: cgroupsOf(deps, record).join(request.cgroup),
    mode,
    console: request.io?.console,
    seccomp: seccomp === undefined ? undefined : compileSeccomp(seccomp, process.arch as "x64" | "arm64"),
    lastCap: lastCapability(),
    preserveFds: request.preserveFds ?? 0,
    dieWithParent: request.dieWithParent ?? false,
    newKeyring: record.newKeyring,
  });
  const ready = await launchProcess(deps.kernel, { program, io: request.io, mode, signal: options.signal });
  if (request.pidFile !== undefined) writePidFile(request.pidFile, ready.pid);
  return { pid: ready.pid, ...(ready.exited === undefined ? {} : { exited: ready.exited }) };
}

/** What an exec leaves out it has from the container's process, as in runc's `newInitConfig`. */
function inherit(own: Process, { spec }: ContainerRecord): Process {
  const from = spec.process!;
  const result: Process = { ...own };
  if (own.capabilities === undefined && from.capabilities !== undefined)
    result.capabilities = from.capabilities;
  if (own.rlimits === undefined && from.rlimits !== undefined) result.rlimits = from.rlimits;
  if (!own.apparmorProfile && from.apparmorProfile) result.apparmorProfile = from.apparmorProfile;
  if (own.noNewPrivileges === undefined && from.noNewPrivileges !== undefined) {
    result.noNewPrivileges = from.noNewPrivileges;
  }
  if (own.oomScoreAdj === undefined && from.oomScoreAdj !== undefined) result.oomScoreAdj = from.oomScoreAdj;
  return result;
}
