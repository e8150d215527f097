/**
 * Recover: finds the tasks of a service that was killed, and goes on where it stopped.
 *
 * @module
 */

import { connectMonitor, monitorPid } from "@rt/runc/kernel";
import { addClause } from "@rt/runc/oci";
import { undoTask } from "./create.ts";
import { exitSeen, settleAll, settleExits, watchMonitor } from "./exits.ts";
import { loadRecords, type ProcessRecord, type TaskRecord } from "./record.ts";
import { releaseHolds } from "./stdio.ts";
import { Task, type TaskDeps } from "./task.ts";

/** The tasks below `directory` (containerd's directory of the namespace's bundles) that belong to this service. */
export async function recoverTasks(deps: TaskDeps, directory: string): Promise<Task[]> {
  const tasks = await Promise.all(
    loadRecords(directory, deps.address).map((record) => recoverTask(deps, record)),
  );
  return tasks.filter((task) => task !== undefined);
}

async function recoverTask(deps: TaskDeps, record: TaskRecord): Promise<Task | undefined> {
  const task = new Task(deps, record);
  try {
    if (monitorPid(record.monitor) !== undefined) {
      const monitor = await connectMonitor(record.monitor, { onExit: () => exitSeen(task) });
      watchMonitor(task, monitor);
    }
    if (record.init.phase === "creating") {
      // Nobody was told of it: take it back.
      await undoTask(task);
      return undefined;
    }
    task.redeliver();
    for (const process of record.execs) await recoverExec(task, process);
    await task.serial(() => (task.monitor === undefined ? settleAll(task) : settleExits(task)));
    return task;
  } catch (err) {
    deps.log.error(addClause("cannot recover task", err).message, { container: record.id });
    return task;
  }
}

/** An exec that was being started when the service ended: nobody was told, so whatever runs of it is ended. */
async function recoverExec(task: Task, process: ProcessRecord): Promise<void> {
  if (process.phase !== "starting") return;
  await releaseHolds(task, process);
  process.phase = "added";
  task.save();
}
