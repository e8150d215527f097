/**
 * Finds containers of an earlier engine again: those that run are taken over with their streams, ends that were
 * missed are read from their tasks, removals that were cut short are finished.
 *
 * Source: moby `daemon/daemon.go` restore.
 *
 * @module
 */
import { rm } from "node:fs/promises";
import type { TaskProcess } from "@rt/containerd/api";
import { NAMESPACE } from "../image/contents.ts";
import { openLog } from "../logger/open.ts";
import type { SandboxRestore } from "../network/network.ts";
import { formatNano, ZERO_TIME } from "../time.ts";
import { type ContainerDeps, containerPaths, fifoDir } from "./deps.ts";
import { handleExit, scheduleRestart } from "./exit.ts";
import { startHealth } from "./health.ts";
import { fifoPaths, openProcessIo } from "./io.ts";
import type { Container } from "./record.ts";
import { removeParts } from "./remove_now.ts";
import { sandboxRequest, startContainer } from "./start.ts";
import { deleteTask } from "./task.ts";

/** Takes a task over that still exists: its streams, and its state. */
async function adopt(deps: ContainerDeps, container: Container, task: TaskProcess): Promise<void> {
  const { record, hostConfig } = container;
  const call = { namespace: NAMESPACE };
  const fifos = fifoPaths({
    dir: fifoDir(deps, container.id),
    name: "init",
    stdin: record.Config.OpenStdin === true,
    tty: record.Config.Tty === true,
  });
  const log = openLog(hostConfig.LogConfig ?? {}, containerPaths(deps, container).log, deps.clock);
  container.log = log;
  container.io = openProcessIo(
    fifos,
    container.streams,
    (chunk) => log.write(chunk),
    () => deps.containerd.tasks.closeIo({ containerId: container.id, stdin: true }, call),
  );
  await container.io.release();
  record.State.Running = true;
  record.State.Restarting = false;
  record.State.Paused = task.status === "paused" || task.status === "pausing";
  record.State.Pid = task.pid;
  if (record.State.StartedAt === ZERO_TIME) record.State.StartedAt = formatNano(deps.clock());
  record.HasBeenStartedBefore = true;
  container.startedAtMs = performance.now() - Math.max(0, Date.now() - Date.parse(record.State.StartedAt));
}

/** Whether a container that does not run is to be started with the engine. */
function startsWithEngine(container: Container): boolean {
  const { Name } = container.hostConfig.RestartPolicy ?? {};
  if (!container.record.HasBeenStartedBefore) return false;
  return Name === "always" || (Name === "unless-stopped" && !container.record.HasBeenManuallyStopped);
}

/** Restores every container. Called once, when containerd answers and before the first request. */
export async function restoreContainers(deps: ContainerDeps): Promise<void> {
  const call = { namespace: NAMESPACE };
  const tasks = new Map(
    (await deps.containerd.tasks.list("", call)).map((task) => [task.containerId || task.id, task]),
  );
  const running: SandboxRestore[] = [];
  const missed: { container: Container; task: TaskProcess | undefined }[] = [];
  const restarting: Container[] = [];
  const toStart: Container[] = [];

  for (const container of deps.store.all()) {
    const { State } = container.record;
    const task = tasks.get(container.id);
    tasks.delete(container.id);
    const endedForGood = !State.Running && container.hostConfig.AutoRemove === true && task === undefined;
    if (State.RemovalInProgress || endedForGood) {
      await removeParts(deps, container, { volumes: true }).catch((err) => {
        deps.log.error("cannot finish removal", { container: container.id, err });
      });
    } else if (task !== undefined && ["running", "paused", "pausing"].includes(task.status)) {
      await adopt(deps, container, task);
      const { Sandbox } = container.record;
      if (Sandbox !== undefined && Sandbox.id !== "") {
        running.push({ request: sandboxRequest(container), sandbox: Sandbox });
      }
    } else if (task !== undefined && task.status === "stopped") {
      await adopt(deps, container, task);
      missed.push({ container, task });
    } else if (task !== undefined) {
      // Created but never started: the engine died within a start.
      await deleteTask(deps, container.id);
      await rm(fifoDir(deps, container.id), { recursive: true, force: true });
      delete container.record.Sandbox;
    } else if (State.Running && State.Restarting) restarting.push(container);
    else if (State.Running) missed.push({ container, task: undefined });
    else if (startsWithEngine(container)) toStart.push(container);
    else if (container.record.Sandbox !== undefined) delete container.record.Sandbox;
  }
  await deps.networks.restore(running);
  for (const { container, task } of missed) {
    await handleExit(deps, container, task ?? { exitStatus: 137 });
  }
  for (const container of deps.store.all())
    if (container.record.State.Running && container.io) startHealth(deps, container);
  for (const container of restarting) scheduleRestart(deps, container, 100);
  for (const container of toStart) {
    void startContainer(deps, container).catch((err) => {
      deps.log.error("cannot start container", { container: container.id, err });
    });
  }
  // Tasks of containers that are no more: a removal that was cut short behind its last step.
  for (const id of tasks.keys()) {
    if (!/^[0-9a-f]{64}$/.test(id)) continue;
    await deleteTask(deps, id).catch((err) =>
      deps.log.warn("cannot delete stray task", { container: id, err }),
    );
  }
}
