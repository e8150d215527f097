/**
 * Start: runs the program of a created container, or an added exec.
 *
 * @module
 */
import { join } from "node:path";
import { readMonitorExits } from "@rt/runc/kernel";
import { addClause, RtError } from "@rt/runc/oci";
import type { ProcessRecord } from "./record.ts";
import { openStdio, releaseHolds } from "./stdio.ts";
import type { Task } from "./task.ts";

/**
 * Runs the waiting program of the container.
 *
 * @throws {RtError} `FAILED_PRECONDITION` unless the task is created.
 */
export async function startInit(task: Task): Promise<{ readonly pid: number }> {
  const { init } = task.record;
  if (init.phase !== "created")
    throw new RtError("FAILED_PRECONDITION", `cannot start a ${init.phase} process: failed precondition`);
  try {
    await task.runtime.start({ id: task.id });
  } catch (err) {
    throw addClause("OCI runtime start failed", err);
  }
  init.phase = "running";
  task.emit({ topic: "/tasks/start", containerId: task.id, pid: init.pid });
  task.save();
  return { pid: init.pid };
}

/**
 * Runs an added process in the container.
 *
 * @throws {RtError} `FAILED_PRECONDITION` if it was started before, or init does not run.
 */
export async function startExec(task: Task, process: ProcessRecord): Promise<{ readonly pid: number }> {
  const { monitor, record } = task;
  if (process.phase !== "added")
    throw new RtError("FAILED_PRECONDITION", `cannot start a ${process.phase} process: failed precondition`);
  if (monitor === undefined || record.init.phase !== "running" || process.process === undefined)
    throw new RtError(
      "FAILED_PRECONDITION",
      `container ${task.id} init process is not running: failed precondition`,
    );
  process.phase = "starting";
  process.exitsFrom = readMonitorExits(record.monitor).length;
  try {
    const io = await openStdio(task, monitor, process);
    task.save();
    const { pid } = await task.launcher(monitor).exec({
      id: task.id,
      process: process.process,
      io,
      pidFile: join(record.bundle, `${process.execId}.pid`),
      parent: "sibling",
      dieWithParent: true,
    });
    process.pid = pid;
  } catch (err) {
    process.phase = "added";
    await releaseHolds(task, process);
    task.save();
    throw addClause("OCI runtime exec failed", err);
  }
  process.phase = "running";
  const { execId, pid } = process;
  task.emit({ topic: "/tasks/exec-started", containerId: task.id, execId, pid });
  task.save();
  return { pid };
}
