/**
 * Stop: what the `delete` action does: removes what is left of a container.
 *
 * If the task service lives and knows the container, it does it; else it is done here, from the record. The exit
 * status is the true one where the monitor has recorded it, 137 where it was killed for this.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { connectMonitor, monitorPid } from "@rt/runc/kernel";
import { hasCode } from "@rt/runc/oci";
import type { ProcessExit } from "../api/task_service.ts";
import { ShimClient } from "../client/task.ts";
import type { ShimConfig } from "../config.ts";
import { undoTask } from "../task/create.ts";
import { endMonitor, KILLED, settleAll, settleExits } from "../task/exits.ts";
import { loadRecord, type TaskRecord } from "../task/record.ts";
import { exitOf, Task, type TaskDeps } from "../task/task.ts";

/** Removes the container of `config`; one that is unknown counts as killed. */
export async function stopTask(deps: TaskDeps, config: ShimConfig): Promise<ProcessExit> {
  const record = loadRecord(config.bundle);
  if (record === undefined) return { pid: 0, exitStatus: KILLED, exitedAt: new Date() };
  return (await stopByService(record)) ?? (await stopHere(deps, record));
}

/** Asks the service; undefined if it does not answer or does not know the container. */
async function stopByService(record: TaskRecord): Promise<ProcessExit | undefined> {
  const shim = { address: record.address, version: 2, protocol: "ttrpc" } as const;
  const { id, namespace } = record;
  try {
    await using client = await ShimClient.connect(shim, namespace, { signal: AbortSignal.timeout(2000) });
    try {
      await client.kill({ id, signal: 9, all: true }, { timeoutMs: 5000 });
      await client.wait({ id }, { timeoutMs: 5000 });
    } catch (err) {
      if (!hasCode(err, "NOT_FOUND")) throw err;
    }
    return await client.delete({ id }, { timeoutMs: 10_000 });
  } catch {
    return undefined;
  }
}

async function stopHere(deps: TaskDeps, record: TaskRecord): Promise<ProcessExit> {
  const task = new Task(deps, record);
  const { init } = record;
  if (monitorPid(record.monitor) !== undefined) {
    task.monitor = await connectMonitor(record.monitor).catch(() => undefined);
    await task.runtime.kill({ id: record.id, signal: 9, all: true }).catch(() => {});
    // The monitor records the end that this brings; its own end takes with it whatever did not hear the signal.
    for (let i = 0; i < 100 && init.exit === undefined && monitorPid(record.monitor) !== undefined; i++) {
      await sleep(10);
      await settleExits(task);
    }
    await endMonitor(task.monitor);
    task.monitor = undefined;
  }
  await settleAll(task);
  const exit = exitOf(init);
  await undoTask(task);
  return init.exit === undefined ? { ...exit, exitStatus: KILLED, exitedAt: new Date() } : exit;
}
