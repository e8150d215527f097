/**
 * Kill: sends a signal to a process of a task.
 *
 * Source of the texts: containerd cmd/containerd-shim-runc-v2/process/{exec,utils}.go.
 *
 * @module
 */
import nodeProcess from "node:process";
import { hasCode, RtError } from "@rt/runc/oci";
import type { KillRequest } from "../api/task_service.ts";
import type { ProcessRecord } from "./record.ts";
import type { Task } from "./task.ts";

const finished = (cause?: unknown): RtError =>
  new RtError("NOT_FOUND", "process already finished: not found", cause === undefined ? {} : { cause });

/**
 * Sends `request.signal`.
 *
 * @throws {RtError} `NOT_FOUND` if the process has ended; `FAILED_PRECONDITION` if it was not started;
 *   `INVALID_ARGUMENT` if there is no such signal.
 */
export async function killProcess(task: Task, process: ProcessRecord, request: KillRequest): Promise<void> {
  const { signal, all = false } = request;
  if (signal > 64) throw new RtError("INVALID_ARGUMENT", `unknown signal ${signal}: invalid argument`);
  if (process.exit !== undefined) throw finished();
  if (process.pid === 0) throw new RtError("FAILED_PRECONDITION", "process not created: failed precondition");
  if (signal === 0 || process.execId !== "") {
    killPid(process.pid, signal);
    return;
  }
  try {
    await task.runtime.kill({ id: task.id, signal, all });
  } catch (err) {
    throw hasCode(err, "FAILED_PRECONDITION") || hasCode(err, "NOT_FOUND") ? finished(err) : err;
  }
}

function killPid(pid: number, signal: number): void {
  try {
    nodeProcess.kill(pid, signal);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === "ESRCH") throw finished(err);
    throw new RtError("UNKNOWN", `cannot signal process ${pid}: ${(err as Error).message}`, { cause: err });
  }
}
