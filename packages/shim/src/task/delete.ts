/**
 * Delete: removes an ended process; for init, everything that Create has made.
 *
 * @module
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { RtError } from "@rt/runc/oci";
import type { ProcessExit } from "../api/task_service.ts";
import { undoTask } from "./create.ts";
import { endMonitor, settleAll } from "./exits.ts";
import type { ProcessRecord } from "./record.ts";
import { releaseHolds } from "./stdio.ts";
import { exitOf, type Task } from "./task.ts";

/** @throws {RtError} `FAILED_PRECONDITION` in the peer's words (containerd process/init_state.go). */
function refuseRunning(process: ProcessRecord): void {
  if (process.phase === "running" || process.phase === "starting")
    throw new RtError("FAILED_PRECONDITION", "cannot delete a running process");
}

/** Removes an exec. @throws {RtError} `FAILED_PRECONDITION` if it runs. */
export async function deleteExec(task: Task, process: ProcessRecord): Promise<ProcessExit> {
  refuseRunning(process);
  await releaseHolds(task, process);
  rmSync(join(task.record.bundle, `${process.execId}.pid`), { force: true });
  const { execs } = task.record;
  execs.splice(execs.indexOf(process), 1);
  task.save();
  task.wake(process, new RtError("NOT_FOUND", `process does not exist ${process.execId}: not found`));
  return exitOf(process);
}

/** Removes the container. @throws {RtError} `FAILED_PRECONDITION` if it runs. */
export async function deleteInit(task: Task): Promise<ProcessExit> {
  const { record } = task;
  const { init } = record;
  refuseRunning(init);
  if (init.phase === "created") {
    // Its program never ran; its end is still an end.
    await task.runtime.kill({ id: task.id, signal: 9, all: true }).catch(() => {});
    await endMonitor(task.monitor);
    await settleAll(task);
  }
  for (const process of task.processes) await releaseHolds(task, process);
  await undoTask(task);
  const exit = exitOf(init);
  task.emit({ topic: "/tasks/delete", containerId: task.id, id: "", ...exit });
  for (const process of task.processes)
    task.wake(process, new RtError("NOT_FOUND", "container not created: not found"));
  return exit;
}
