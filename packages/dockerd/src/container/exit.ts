/**
 * The end of a container's process: its last output, its exit status, what follows.
 *
 * The status is on disk before the task, which knows it too, is deleted; so a killed engine loses none.
 * Source: moby `daemon/monitor.go`.
 *
 * @module
 */
import { rm } from "node:fs/promises";
import { formatNano } from "../time.ts";
import { type ContainerDeps, fifoDir, publishContainer, publishNetworks } from "./deps.ts";
import { drain } from "./io.ts";
import type { Container } from "./record.ts";
import { removeNow } from "./remove_now.ts";
import { restartDelay } from "./restart_policy.ts";
import { unmountShm } from "./shm.ts";
import { launch } from "./start.ts";
import { ProcessStreams } from "./streams.ts";
import { deleteTask } from "./task.ts";
import { wake } from "./wait.ts";

/** What is known of the end of a process. */
export interface Exit {
  readonly exitStatus: number;
  readonly exitedAt?: Date | undefined;
}

/** The main process of `container` has ended. */
export async function handleExit(deps: ContainerDeps, container: Container, exit: Exit): Promise<void> {
  await container.lock.run(async () => {
    if (!container.record.State.Running) return;
    await finish(deps, container, exit);
  });
}

/** Everything that follows an end; the lock is held. */
async function finish(deps: ContainerDeps, container: Container, exit: Exit): Promise<void> {
  const { record } = container;
  container.stopHealth?.();
  container.stopHealth = undefined;
  if (container.io !== undefined) {
    await drain(container.io);
    await container.io.close();
    container.io = undefined;
  }
  container.log?.close();
  container.log = undefined;
  const ranMs = performance.now() - container.startedAtMs;
  const delay = deps.stopping() ? undefined : restartDelay(container, exit.exitStatus, ranMs);
  Object.assign(record.State, {
    Running: delay !== undefined,
    Restarting: delay !== undefined,
    Paused: false,
    Pid: 0,
    ExitCode: exit.exitStatus,
    FinishedAt: formatNano(
      exit.exitedAt === undefined ? deps.clock() : BigInt(exit.exitedAt.getTime()) * 1_000_000n,
    ),
  });
  if (delay !== undefined) record.RestartCount++;
  if (record.State.Health !== undefined)
    record.State.Health = { ...record.State.Health, Status: "unhealthy" };
  await deps.store.save(container);
  const seconds = String(Math.max(0, Math.round(ranMs / 1000)));
  publishContainer(deps, container, "die", { execDuration: seconds, exitCode: String(exit.exitStatus) });
  container.streams.end();
  container.streams = new ProcessStreams();

  const cleaned = Promise.allSettled([
    deleteTask(deps, container.id).then(() => unmountShm(deps, container)),
    deps.networks.release(container.id),
    rm(fifoDir(deps, container.id), { recursive: true, force: true }),
  ]);
  const autoRemove = container.hostConfig.AutoRemove === true && delay === undefined;
  if (!autoRemove) wake(container, delay === undefined ? ["not-running", "next-exit"] : ["next-exit"]);
  for (const result of await cleaned) {
    if (result.status === "rejected")
      deps.log.warn("cannot clean up after container", { container: container.id, err: result.reason });
  }
  publishNetworks(deps, container, "disconnect");
  delete record.Sandbox;
  if (autoRemove) {
    await removeNow(deps, container, { volumes: true, ended: true });
    return;
  }
  if (delay !== undefined) scheduleRestart(deps, container, delay);
  else await deps.store.save(container);
}

/** Starts the container again after `delayMs`, unless somebody stops it before. */
export function scheduleRestart(deps: ContainerDeps, container: Container, delayMs: number): void {
  const settle = (): void => {
    container.cancelRestart = undefined;
    container.record.State.Running = false;
    container.record.State.Restarting = false;
    wake(container, ["not-running", "next-exit"]);
  };
  const timer = setTimeout(() => {
    container.cancelRestart = undefined;
    void container.lock.run(async () => {
      if (!container.record.State.Restarting) return;
      container.record.State.Running = false;
      try {
        await launch(deps, container);
      } catch (err) {
        deps.log.error("cannot restart container", { container: container.id, err });
        settle();
      }
    });
  }, delayMs);
  timer.unref();
  container.cancelRestart = () => {
    clearTimeout(timer);
    settle();
  };
}
