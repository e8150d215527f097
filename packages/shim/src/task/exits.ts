/**
 * Ends of processes: taken from the monitor's record, told in the right order, made up where the monitor was killed.
 *
 * Source of the order: containerd cmd/containerd-shim-runc-v2/task/service.go, handleInitExit.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { type MonitorKernel, type ReapedProcess, readMonitorExits } from "@rt/runc/kernel";
import { hasCode } from "@rt/runc/oci";
import type { ProcessRecord } from "./record.ts";
import { releaseHolds } from "./stdio.ts";
import type { Task } from "./task.ts";

/** Exit status of a process that was killed: 128 + SIGKILL. */
export const KILLED = 137;

/** Watches `task`'s monitor from now on. */
export function watchMonitor(task: Task, monitor: MonitorKernel): void {
  task.monitor = monitor;
  void monitor.closed.then(() =>
    task.serial(async () => {
      if (task.monitor === monitor) task.monitor = undefined;
      if (!task.detached) await settleAll(task);
    }),
  );
}

/** Lets a monitor end now; one that has ended already is as good. */
export async function endMonitor(monitor: MonitorKernel | undefined): Promise<void> {
  try {
    await monitor?.quit();
  } catch (err) {
    if (!hasCode(err, "UNAVAILABLE")) throw err;
  }
}

/** To be called whenever the monitor has reaped a process. */
export function exitSeen(task: Task): void {
  void task
    .serial(async () => {
      if (!task.detached) await settleExits(task);
    })
    .catch((err) => task.deps.log.error("cannot handle exit", { container: task.id, err }));
}

/** Whether `process` was launched and its end was not seen. */
function isLive(process: ProcessRecord): boolean {
  return process.pid !== 0 && process.exit === undefined;
}

/** Settles each process whose end the monitor has recorded; init only after its execs. */
export async function settleExits(task: Task): Promise<void> {
  const { init, execs } = task.record;
  const live = [...execs, init].filter(isLive);
  if (live.length === 0) return;
  const exits = readMonitorExits(task.record.monitor);
  for (const process of live) {
    const end = exits.slice(process.exitsFrom).find((e) => e.pid === process.pid);
    if (end === undefined) continue;
    if (process === init && execs.some(isLive)) {
      // Without a pid namespace of their own the execs survive init; with one, their ends are on their way.
      await killAll(task);
      return;
    }
    await settle(task, process, exitStatusOf(end), Number(end.exitedAtNs / 1_000_000n));
  }
}

function exitStatusOf(end: ReapedProcess): number {
  return end.signal === 0 ? end.code : 128 + end.signal;
}

/** The monitor is gone: what it did not record did not survive it. */
export async function settleAll(task: Task): Promise<void> {
  await settleExits(task);
  const { init, execs } = task.record;
  const lost = [...execs, init].filter(isLive);
  if (lost.length === 0) return;
  task.deps.log.warn("monitor is gone, ending its container", { container: task.id, pid: init.pid });
  await killAll(task);
  for (const process of lost) await settle(task, process, KILLED, Date.now());
}

/** Kills every process of the container. */
async function killAll(task: Task): Promise<void> {
  try {
    await task.runtime.kill({ id: task.id, signal: 9, all: true });
  } catch (err) {
    task.deps.log.debug("cannot kill processes of container", { container: task.id, err });
  }
}

async function settle(
  task: Task,
  process: ProcessRecord,
  exitStatus: number,
  exitedAtMs: number,
): Promise<void> {
  process.exit = { exitStatus, exitedAtMs };
  process.phase = "stopped";
  tellOom(task);
  const { id } = task;
  task.emit({
    topic: "/tasks/exit",
    containerId: id,
    id: process.execId === "" ? id : process.execId,
    pid: process.pid,
    exitStatus,
    exitedAt: new Date(exitedAtMs),
  });
  task.save();
  task.wake(process);
  if (process.execId !== "") await releaseHolds(task, process);
}

/** Tells if the kernel has killed in the container for want of memory since it was told last. */
function tellOom(task: Task): void {
  const kills = oomKills(task.record.oomFile);
  if (kills <= task.record.oomKills) return;
  task.record.oomKills = kills;
  task.emit({ topic: "/tasks/oom", containerId: task.id });
}

/** The counter `oom_kill` of `memory.oom_control` or `memory.events`. */
export function oomKills(file: string | undefined): number {
  if (file === undefined) return 0;
  try {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync(file, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
