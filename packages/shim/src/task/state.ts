/**
 * State and pids: what a task looks like from outside.
 *
 * @module
 */
import type { ProcessInfo, ProcessState, ProcessStatus } from "../api/task_service.ts";
import { processDetails } from "../api/wire.ts";
import type { ProcessPhase, ProcessRecord } from "./record.ts";
import { exitOf, type Task } from "./task.ts";

const statusOf: Readonly<Record<ProcessPhase, ProcessStatus>> = {
  added: "created",
  creating: "created",
  created: "created",
  starting: "created",
  running: "running",
  stopped: "stopped",
};

/** State of `process`; its `id` is the exec's for an exec, as in the peers. */
export function stateOf(task: Task, process: ProcessRecord): ProcessState {
  const { record } = task;
  const { exitStatus, exitedAt } = exitOf(process);
  const status = statusOf[process.phase];
  return {
    ...process.stdio,
    id: process.execId === "" ? record.id : process.execId,
    execId: process.execId,
    bundle: record.bundle,
    pid: process.pid,
    status: record.paused && status === "running" ? "paused" : status,
    exitStatus,
    exitedAt,
  };
}

/** The processes in the container; those that were executed carry their id. */
export async function pidsOf(task: Task): Promise<readonly ProcessInfo[]> {
  const pids = await task.runtime.ps({ id: task.id });
  return pids.map((pid) => {
    const exec = task.record.execs.find((p) => p.pid === pid && p.exit === undefined);
    if (exec === undefined) return { pid };
    return { pid, info: processDetails(exec.execId) };
  });
}
