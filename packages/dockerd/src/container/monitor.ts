/**
 * Follows containerd: ends of processes, out-of-memory kills, images that others change.
 *
 * When the connection breaks it is made again, and everything that happened meanwhile is read from the tasks.
 * Source: moby `daemon/monitor.go` ProcessEvent, `daemon/internal/libcontainerd`.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { decodeEvent, type Envelope } from "@rt/containerd/api";
import { hasCode } from "../errors.ts";
import type { ExecStore } from "../exec/exec.ts";
import { NAMESPACE } from "../image/contents.ts";
import { type ContainerDeps, publishContainer } from "./deps.ts";
import { handleExit } from "./exit.ts";

/** What of containerd's events is of interest. */
const FILTERS = [`namespace==${NAMESPACE},topic~=|^/tasks/|`, `namespace==${NAMESPACE},topic~=|^/images/|`];

/** Wait before connecting again. Milliseconds. */
const RETRY_MS = 200;

/** When the tasks are read a second time. Milliseconds. */
const SETTLE_MS = 1000;

/** Acts upon one event. */
async function handleEvent(deps: ContainerDeps, execs: ExecStore, envelope: Envelope): Promise<void> {
  if (envelope.topic.startsWith("/images/")) {
    deps.images.invalidate();
    return;
  }
  const event = decodeEvent(envelope);
  if (event?.topic === "/tasks/exit") {
    const container = deps.store.find(event.containerId);
    if (container === undefined) return;
    if (event.id === event.containerId || event.id === "") await handleExit(deps, container, event);
    else await execs.handleExit(event.containerId, event.id, event.exitStatus);
  } else if (event?.topic === "/tasks/oom") {
    const container = deps.store.find(event.containerId);
    if (container === undefined) return;
    container.record.State.OOMKilled = true;
    publishContainer(deps, container, "oom");
  }
}

/** Brings containers that the engine thinks running in step with their tasks. */
export async function reconcile(deps: ContainerDeps): Promise<void> {
  await Promise.all(
    deps.store.all().map(async (container) => {
      const { State } = container.record;
      if (!State.Running || container.cancelRestart !== undefined) return;
      const startedAt = State.StartedAt;
      const task = await deps.containerd.tasks
        .get({ containerId: container.id }, { namespace: NAMESPACE })
        .catch((err) => {
          if (hasCode(err, "NOT_FOUND")) return null;
          throw err;
        });
      if (State.StartedAt !== startedAt || !State.Running) return;
      if (task === null) await handleExit(deps, container, { exitStatus: 137 });
      else if (task.status === "stopped") await handleExit(deps, container, task);
    }),
  );
}

/** Follows containerd until `signal` fires. */
export async function monitorContainerd(
  deps: ContainerDeps,
  execs: ExecStore,
  signal: AbortSignal,
): Promise<void> {
  let first = true;
  while (!signal.aborted) {
    try {
      const events = deps.containerd.events.subscribe(FILTERS, { signal });
      if (!first) {
        deps.images.invalidate();
        await catchUp(deps, execs);
      }
      first = false;
      // What ended between the reading of the tasks and the beginning of the stream is seen by a second reading.
      const again = setTimeout(() => {
        void catchUp(deps, execs).catch((err) => deps.log.debug("cannot read tasks", { err }));
      }, SETTLE_MS);
      again.unref();
      for await (const envelope of events) {
        void handleEvent(deps, execs, envelope).catch((err) => {
          deps.log.error("cannot handle event", { topic: envelope.topic, err });
        });
      }
      clearTimeout(again);
    } catch (err) {
      if (signal.aborted) return;
      deps.log.warn("connection to containerd lost", { err });
    }
    await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
  }
}

/** Reads what the events did not tell. */
async function catchUp(deps: ContainerDeps, execs: ExecStore): Promise<void> {
  await reconcile(deps);
  await execs.reconcile();
}
