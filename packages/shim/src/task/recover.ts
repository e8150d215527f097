/**
 * Recover: finds the tasks of a service that was killed, and goes on where it stopped.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import nodeProcess from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { connectMonitor, type MonitorKernel, monitorPid } from "@rt/runc/kernel";
import { addClause } from "@rt/runc/oci";
import { undoTask } from "./create.ts";
import { exitSeen, settleAll, settleExits, watchMonitor } from "./exits.ts";
import { loadRecords, type ProcessRecord, type TaskRecord } from "./record.ts";
import { releaseHolds } from "./stdio.ts";
import { Task, type TaskDeps } from "./task.ts";

/** How often a monitor that does not answer is asked again, and after what time. Milliseconds. */
const [MAX_TRIES, RETRY_MS] = [3, 100];

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
    const monitor = await findMonitor(task);
    if (monitor !== undefined) watchMonitor(task, monitor);
    if (record.init.phase === "creating") {
      // Nobody was told of it: take it back.
      await undoTask(task);
      return undefined;
    }
    task.redeliver();
    for (const process of record.execs) await recoverExec(task, process);
    await task.serial(async () => {
      await recoverInit(task);
      await (task.monitor === undefined ? settleAll(task) : settleExits(task));
    });
    return task;
  } catch (err) {
    deps.log.error(addClause("cannot recover task", err).message, { container: record.id });
    return task;
  }
}

/**
 * Connects to the monitor of `task`; undefined if it has ended.
 *
 * @throws {RtError} `UNAVAILABLE` if it lives and does not answer: nothing may be concluded from that.
 */
async function findMonitor(task: Task): Promise<MonitorKernel | undefined> {
  const { monitor: directory } = task.record;
  for (let tries = 0; monitorPid(directory) !== undefined; tries++) {
    try {
      return await connectMonitor(directory, { onExit: () => exitSeen(task) });
    } catch (err) {
      if (tries >= MAX_TRIES && monitorPid(directory) !== undefined) throw err;
      await sleep(RETRY_MS);
    }
  }
  return undefined;
}

/** The steps that were taken, but not written down, before the service ended. */
async function recoverInit(task: Task): Promise<void> {
  const { record } = task;
  const { init } = record;
  if (init.exit !== undefined || task.monitor === undefined) return;
  const { status } = await task.runtime.state({ id: record.id });
  if (status !== "running" && status !== "paused") return;
  record.paused = status === "paused";
  if (init.phase === "created") {
    init.phase = "running";
    task.emit({ topic: "/tasks/start", containerId: record.id, pid: init.pid });
  }
  task.save();
}

/** An exec that was being started when the service ended: nobody was told, so whatever runs of it is ended. */
async function recoverExec(task: Task, process: ProcessRecord): Promise<void> {
  if (process.phase !== "starting") return;
  killChild(join(task.record.bundle, `${process.execId}.pid`), task.monitor?.pid);
  await releaseHolds(task, process);
  process.phase = "added";
  task.save();
}

/** Kills the process of a pid file, if it is a child of `parent`. */
function killChild(pidFile: string, parent: number | undefined): void {
  try {
    const pid = Number(readFileSync(pidFile, "utf8"));
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const ppid = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    if (ppid === parent) nodeProcess.kill(pid, "SIGKILL");
  } catch {
    // It was not started, or has ended.
  }
}
