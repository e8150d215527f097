/**
 * Create: monitor, rootfs, then the container, whose program waits for Start.
 *
 * @module
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type MonitorKernel, mount, startMonitor, unmount } from "@rt/runc/kernel";
import { addClause, hasCode, RtError } from "@rt/runc/oci";
import type { CreateTaskRequest, Mount } from "../api/task_service.ts";
import { cgroupFilesOf } from "../host/cgroup_files.ts";
import { endMonitor, exitSeen, watchMonitor } from "./exits.ts";
import { chooseRuntime } from "./options.ts";
import { removeRecord, type TaskRecord } from "./record.ts";
import { openStdio } from "./stdio.ts";
import { Task, type TaskDeps } from "./task.ts";

/** A record for `request`, of which nothing is done yet. */
function newRecord(deps: TaskDeps, request: CreateTaskRequest): TaskRecord {
  const { id, bundle, rootfs, stdin, stdout, stderr, terminal } = request;
  const { namespace, address } = deps;
  return {
    version: 1,
    id,
    namespace,
    bundle,
    address,
    runtime: chooseRuntime(request.options, bundle, namespace),
    rootfs,
    monitor: join(bundle, "monitor"),
    oomKills: 0,
    paused: false,
    init: {
      execId: "",
      stdio: { stdin, stdout, stderr, terminal },
      phase: "creating",
      pid: 0,
      exitsFrom: 0,
      holds: {},
    },
    execs: [],
    pending: [],
  };
}

/**
 * Creates the container of `request`; what was begun is undone if it fails.
 *
 * @throws {RtError} as the runtime says, with the peer's "OCI runtime create failed" in front.
 */
export async function createTask(deps: TaskDeps, request: CreateTaskRequest): Promise<Task> {
  if (request.checkpoint !== undefined && request.checkpoint !== "")
    throw new RtError("NOT_IMPLEMENTED", "restoring from a checkpoint: not implemented");
  const task = new Task(deps, newRecord(deps, request));
  const { record } = task;
  task.save();
  try {
    rmSync(record.monitor, { recursive: true, force: true });
    mkdirSync(record.monitor, { mode: 0o700 });
    const args = ["-namespace", record.namespace, "-id", record.id, "-address", record.address];
    const [monitor] = await bothOrNeither(
      startMonitor(deps.kernel, record.monitor, { args, onExit: () => exitSeen(task) }),
      mountRootfs(deps, record.bundle, request.rootfs),
    );
    watchMonitor(task, monitor);
    const io = await openStdio(task, monitor, record.init);
    task.save();
    const { noPivot, noNewKeyring } = record.runtime;
    const { pid } = await createContainer(task, monitor, { io, noPivot, noNewKeyring });
    record.init.pid = pid;
    record.init.phase = "created";
    const oomFile = cgroupFilesOf(pid)?.oomFile;
    if (oomFile !== undefined) record.oomFile = oomFile;
  } catch (err) {
    await undoTask(task);
    throw err;
  }
  task.emit({
    topic: "/tasks/create",
    containerId: record.id,
    bundle: record.bundle,
    rootfs: record.rootfs,
    io: record.init.stdio,
    checkpoint: "",
    pid: record.init.pid,
  });
  task.save();
  return task;
}

async function createContainer(
  task: Task,
  monitor: MonitorKernel,
  options: Pick<Parameters<Task["runtime"]["create"]>[0], "io" | "noPivot" | "noNewKeyring">,
): Promise<{ readonly pid: number }> {
  const { id, bundle } = task.record;
  try {
    return await task.launcher(monitor).create({
      ...options,
      id,
      bundle,
      pidFile: join(bundle, "init.pid"),
      parent: "sibling",
      dieWithParent: true,
    });
  } catch (err) {
    throw addClause("OCI runtime create failed", err);
  }
}

/** Mounts the rootfs on `<bundle>/rootfs`. @throws {RtError} "failed to mount rootfs component", as the peer says. */
async function mountRootfs(deps: TaskDeps, bundle: string, mounts: readonly Mount[]): Promise<void> {
  if (mounts.length === 0) return;
  const rootfs = join(bundle, "rootfs");
  mkdirSync(rootfs, { recursive: true, mode: 0o711 });
  try {
    await mount(
      deps.kernel,
      mounts.map(({ type, source, options, target = "" }) => ({
        type,
        source,
        options,
        target: join(rootfs, target),
      })),
    );
  } catch (err) {
    throw addClause("failed to mount rootfs component", err);
  }
}

/** Both results, or, once both have ended, the first failure. */
async function bothOrNeither<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  const [first, second] = await Promise.allSettled([a, b]);
  if (first.status === "fulfilled" && second.status === "fulfilled") return [first.value, second.value];
  if (first.status === "fulfilled") await (first.value as { quit?(): Promise<void> } | undefined)?.quit?.();
  throw (first.status === "rejected" ? first : (second as PromiseRejectedResult)).reason;
}

/** Takes back whatever there is of a task: container, monitor, mounts, record. */
export async function undoTask(task: Task): Promise<void> {
  const { deps, record } = task;
  task.detached = true;
  const attempt = async (what: string, step: () => Promise<unknown>): Promise<void> => {
    try {
      await step();
    } catch (err) {
      if (!hasCode(err, "NOT_FOUND")) deps.log.warn(`cannot ${what}`, { container: record.id, err });
    }
  };
  const { monitor } = task;
  await attempt("delete container", () => task.runtime.delete({ id: record.id, force: true }));
  await attempt("end monitor", () => endMonitor(monitor));
  task.monitor = undefined;
  await attempt("unmount rootfs", () => removeMounts(deps, record));
  rmSync(record.monitor, { recursive: true, force: true });
  removeRecord(record.bundle);
}

/** Unmounts what Create has mounted. */
export async function removeMounts(deps: TaskDeps, record: TaskRecord): Promise<void> {
  if (record.rootfs.length === 0) return;
  await unmount(deps.kernel, join(record.bundle, "rootfs"), { detach: true, recursive: true });
}
