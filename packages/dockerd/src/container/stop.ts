/**
 * Signals, stop, restart, pause.
 *
 * Source: moby `daemon/kill.go`, `stop.go`, `restart.go`, `pause.go`, `unpause.go` (texts).
 *
 * @module
 */
import { ConflictError, errorLine, hasCode, notRunning, RtError } from "../errors.ts";
import { NAMESPACE } from "../image/contents.ts";
import { type ContainerDeps, publishContainer } from "./deps.ts";
import { handleExit } from "./exit.ts";
import type { Container } from "./record.ts";
import { parseSignal } from "./signals.ts";
import { requireRunning, startContainer } from "./start.ts";

/** Seconds between the stop signal and SIGKILL if nobody says. */
const STOP_TIMEOUT_SECONDS = 10;

/** How long a killed container may take to be seen dead. Milliseconds. */
const KILL_GRACE_MS = 10_000;

const SIGKILL = 9;

/** Options of stop and restart. */
export interface StopOptions {
  /** Seconds until SIGKILL; -1 for never. */
  readonly timeoutSeconds?: number;
  readonly stopSignal?: string;
}

/** Resolves true when the container has ended, false after `timeoutMs`. */
function ended(container: Container, timeoutMs: number | undefined): Promise<boolean> {
  if (!container.record.State.Running) return Promise.resolve(true);
  return new Promise((resolve) => {
    const waiter = { condition: "not-running" as const, resolve: () => done(true) };
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => done(false), timeoutMs);
    const done = (result: boolean): void => {
      clearTimeout(timer);
      container.waiters.delete(waiter);
      resolve(result);
    };
    container.waiters.add(waiter);
  });
}

/** Sends a signal to the main process. A process that is gone already counts as signalled. */
async function signal(deps: ContainerDeps, container: Container, number: number): Promise<void> {
  const call = { namespace: NAMESPACE };
  try {
    await deps.containerd.tasks.kill({ containerId: container.id, signal: number }, call);
  } catch (err) {
    const gone = hasCode(err, "NOT_FOUND") || /process already finished|no such process/.test(errorLine(err));
    if (!gone) throw err;
    await reap(deps, container);
    return;
  }
  if (container.record.State.Paused) {
    // A frozen process does not get its signal.
    await deps.containerd.tasks.resume(container.id, call).catch(() => {});
    container.record.State.Paused = false;
  }
  publishContainer(deps, container, "kill", { signal: String(number) });
}

/** The task is gone: makes sure that its end is known. */
async function reap(deps: ContainerDeps, container: Container): Promise<void> {
  const process = await deps.containerd.tasks
    .get({ containerId: container.id }, { namespace: NAMESPACE })
    .catch(() => undefined);
  if (process === undefined) await handleExit(deps, container, { exitStatus: 137 });
  else if (process.status === "stopped") await handleExit(deps, container, process);
}

/** Cancels a restart that waits; true if there was one. */
function cancelRestart(container: Container): boolean {
  if (container.cancelRestart === undefined) return false;
  container.cancelRestart();
  return true;
}

/** Ends a container by SIGKILL and waits for it. */
export async function killNow(deps: ContainerDeps, container: Container): Promise<void> {
  container.record.HasBeenManuallyStopped = true;
  if (cancelRestart(container)) return;
  await signal(deps, container, SIGKILL);
  if (await ended(container, KILL_GRACE_MS)) return;
  await reap(deps, container);
  if (container.record.State.Running) {
    throw new RtError(
      "INTERNAL",
      `cannot kill container ${container.id}: it did not end within 10s of SIGKILL`,
    );
  }
}

/** Sends a signal. @throws `CONFLICT` with Docker's text if the container does not run. */
export async function killContainer(deps: ContainerDeps, container: Container, name: string): Promise<void> {
  const number = parseSignal(name);
  if (!container.record.State.Running) {
    throw notRunning(container.id);
  }
  if (number === SIGKILL) {
    await killNow(deps, container);
    return;
  }
  const stopSignal = parseSignal(container.record.Config.StopSignal || "SIGTERM");
  if (number === stopSignal) container.record.HasBeenManuallyStopped = true;
  if (cancelRestart(container)) return;
  await signal(deps, container, number);
}

/** Stops a container; false if it did not run. */
export async function stopContainer(
  deps: ContainerDeps,
  container: Container,
  options: StopOptions = {},
): Promise<boolean> {
  if (!container.record.State.Running) return false;
  container.record.HasBeenManuallyStopped = true;
  if (cancelRestart(container)) {
    await deps.store.save(container);
    publishContainer(deps, container, "stop");
    return true;
  }
  const { Config } = container.record;
  const number = parseSignal(options.stopSignal || Config.StopSignal || "SIGTERM");
  const seconds = options.timeoutSeconds ?? Config.StopTimeout ?? STOP_TIMEOUT_SECONDS;
  await signal(deps, container, number);
  if (!(await ended(container, seconds < 0 ? undefined : seconds * 1000))) await killNow(deps, container);
  publishContainer(deps, container, "stop");
  return true;
}

/** Stops a container if it runs, and starts it. */
export async function restartContainer(
  deps: ContainerDeps,
  container: Container,
  options: StopOptions = {},
): Promise<void> {
  const { AutoRemove } = container.hostConfig;
  // A container that removes itself survives its own restart.
  if (AutoRemove) container.hostConfig = { ...container.hostConfig, AutoRemove: false };
  try {
    await stopContainer(deps, container, options);
    await startContainer(deps, container);
  } finally {
    if (AutoRemove) container.hostConfig = { ...container.hostConfig, AutoRemove };
  }
  publishContainer(deps, container, "restart");
}

/** Freezes a container. @throws `CONFLICT` with Docker's text. */
export async function pauseContainer(deps: ContainerDeps, container: Container): Promise<void> {
  await container.lock.run(async () => {
    const { State } = container.record;
    if (!State.Running) throw new ConflictError(`container ${container.id} is not running`);
    requireRunning(container);
    if (State.Paused) throw new ConflictError(`container ${container.id} is already paused`);
    await deps.containerd.tasks.pause(container.id, { namespace: NAMESPACE });
    State.Paused = true;
    await deps.store.save(container);
  });
  publishContainer(deps, container, "pause");
}

/** Thaws a container. @throws `CONFLICT` with Docker's text. */
export async function unpauseContainer(deps: ContainerDeps, container: Container): Promise<void> {
  await container.lock.run(async () => {
    const { State } = container.record;
    if (!State.Paused) throw new ConflictError(`Container ${container.id} is not paused`);
    await deps.containerd.tasks.resume(container.id, { namespace: NAMESPACE });
    State.Paused = false;
    await deps.store.save(container);
  });
  publishContainer(deps, container, "unpause");
}
