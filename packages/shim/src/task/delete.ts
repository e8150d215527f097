/**
 * Delete: removes an ended process; for init, everything that Create has made.
 *
 * @module
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RtError } from "@rt/runc/oci";
import type { ProcessExit } from "../api/task_service.ts";
import { undoTask } from "./create.ts";
import { endMonitor, settleAll, settleExits } from "./exits.ts";
import type { ProcessRecord } from "./record.ts";
import { releaseHolds } from "./stdio.ts";
import { exitOf, type Task } from "./task.ts";

/** How long a killed process may take to be reaped, and how often that is looked at. Milliseconds. */
const [END_MS, POLL_MS] = [1000, 2];

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
  if (init.phase === "created") await endCreated(task);
  for (const process of task.processes) await releaseHolds(task, process);
  await undoTask(task);
  const exit = exitOf(init);
  task.emit({ topic: "/tasks/delete", containerId: task.id, id: "", ...exit });
  for (const process of task.processes)
    task.wake(process, new RtError("NOT_FOUND", "container not created: not found"));
  return exit;
}

/** Ends a container whose program never ran; its end is still an end. */
async function endCreated(task: Task): Promise<void> {
  await task.runtime.kill({ id: task.id, signal: 9, all: true }).catch(() => {});
  const { init } = task.record;
  for (let waitedMs = 0; init.exit === undefined && waitedMs < END_MS; waitedMs += POLL_MS) {
    await sleep(POLL_MS);
    await settleExits(task);
  }
  await endMonitor(task.monitor);
  await settleAll(task);
}
