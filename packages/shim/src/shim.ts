/**
 * Shim: the task service, in this process.
 *
 * One shim serves the tasks of one group: a containerd namespace, or a pod. What it knows is a view of the records
 * in the bundles and of the monitors; killed and made again, it finds everything.
 *
 * @module
 */
import nodeProcess from "node:process";
import { addClause, messageOf, RtError } from "@rt/runc/oci";
import type {
  CallOptions,
  CheckpointTaskRequest,
  CloseIoRequest,
  CreateTaskRequest,
  ExecProcessRequest,
  ExitStatus,
  KillRequest,
  ProcessExit,
  ProcessInfo,
  ProcessRef,
  ProcessState,
  ResizePtyRequest,
  ShimInfo,
  TaskService,
  UpdateTaskRequest,
} from "./api/task_service.ts";
import type { TypedValue } from "./api/typed_value.ts";
import { createTask } from "./task/create.ts";
import { deleteExec, deleteInit } from "./task/delete.ts";
import { addExec } from "./task/exec.ts";
import { killProcess } from "./task/kill.ts";
import { recoverTasks } from "./task/recover.ts";
import { startExec, startInit } from "./task/start.ts";
import { pidsOf, stateOf } from "./task/state.ts";
import { statsOf } from "./task/stats.ts";
import { closeStdin, resizeTerminal } from "./task/stdio.ts";
import type { Task, TaskDeps } from "./task/task.ts";

/** What a {@linkcode Shim} is made of. */
export interface ShimDeps extends TaskDeps {
  /** Called when the service is asked to end now and has no task. */
  readonly onShutdown?: () => void;
}

/** The task service. */
export class Shim implements TaskService, AsyncDisposable {
  readonly #deps: ShimDeps;
  readonly #tasks = new Map<string, Task>();
  /** Ids of tasks that are being created. */
  readonly #creating = new Set<string>();

  constructor(deps: ShimDeps) {
    this.#deps = deps;
  }

  /** How many tasks it serves. */
  get size(): number {
    return this.#tasks.size + this.#creating.size;
  }

  /** Finds again what a service before this one has left below `directory`, the parent of the bundles. */
  async recover(directory: string): Promise<void> {
    for (const task of await recoverTasks(this.#deps, directory)) this.#tasks.set(task.id, task);
  }

  /** @throws {RtError} `NOT_FOUND` in the peer's words (containerd task/service.go getContainer). */
  #task(id: string): Task {
    const task = this.#tasks.get(id);
    if (task === undefined) throw new RtError("NOT_FOUND", "container not created: not found");
    return task;
  }

  async state({ id, execId }: ProcessRef): Promise<ProcessState> {
    const task = this.#task(id);
    return stateOf(task, task.process(execId));
  }

  async create(request: CreateTaskRequest): Promise<{ readonly pid: number }> {
    const { id } = request;
    if (this.#tasks.has(id) || this.#creating.has(id))
      throw new RtError("ALREADY_EXISTS", `task ${id}: already exists`);
    this.#creating.add(id);
    try {
      const task = await createTask(this.#deps, request);
      this.#tasks.set(id, task);
      return { pid: task.record.init.pid };
    } finally {
      this.#creating.delete(id);
    }
  }

  async start({ id, execId }: ProcessRef): Promise<{ readonly pid: number }> {
    const task = this.#task(id);
    const process = task.process(execId);
    return task.serial(() => (process.execId === "" ? startInit(task) : startExec(task, process)));
  }

  async delete({ id, execId }: ProcessRef): Promise<ProcessExit> {
    const task = this.#task(id);
    const process = task.process(execId);
    return task.serial(async () => {
      if (process.execId !== "") return deleteExec(task, process);
      const exit = await deleteInit(task);
      this.#tasks.delete(id);
      return exit;
    });
  }

  async pids({ id }: { readonly id: string }): Promise<readonly ProcessInfo[]> {
    return pidsOf(this.#task(id));
  }

  async pause({ id }: { readonly id: string }): Promise<void> {
    const task = this.#task(id);
    await task.serial(async () => {
      await task.runtime.pause({ id });
      task.record.paused = true;
      task.emit({ topic: "/tasks/paused", containerId: id });
      task.save();
    });
  }

  async resume({ id }: { readonly id: string }): Promise<void> {
    const task = this.#task(id);
    await task.serial(async () => {
      await task.runtime.resume({ id });
      task.record.paused = false;
      task.emit({ topic: "/tasks/resumed", containerId: id });
      task.save();
    });
  }

  async checkpoint({ id }: CheckpointTaskRequest): Promise<void> {
    this.#task(id);
    throw new RtError("NOT_IMPLEMENTED", "checkpoint: not implemented");
  }

  async kill(request: KillRequest): Promise<void> {
    const task = this.#task(request.id);
    await killProcess(task, task.process(request.execId), request);
  }

  async exec(request: ExecProcessRequest): Promise<void> {
    const task = this.#task(request.id);
    await task.serial(() => addExec(task, request));
  }

  async resizePty({ id, execId, width, height }: ResizePtyRequest): Promise<void> {
    resizeTerminal(this.#task(id).process(execId), width, height);
  }

  async closeIo({ id, execId, stdin }: CloseIoRequest): Promise<void> {
    const task = this.#task(id);
    const process = task.process(execId);
    if (stdin) await closeStdin(task, process);
  }

  async update({ id, resources }: UpdateTaskRequest): Promise<void> {
    const task = this.#task(id);
    if (resources === undefined) return;
    await task.serial(() => task.runtime.update({ id, resources: parseResources(resources) }));
  }

  async wait({ id, execId }: ProcessRef, options: CallOptions = {}): Promise<ExitStatus> {
    const task = this.#task(id);
    const ended = task.wait(task.process(execId));
    const { signal } = options;
    if (signal === undefined) return ended;
    const aborted = Promise.withResolvers<never>();
    const abort = (): void =>
      aborted.reject(new RtError("CANCELED", "context canceled", { cause: signal.reason }));
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    try {
      return await Promise.race([ended, aborted.promise]);
    } finally {
      signal.removeEventListener("abort", abort);
      aborted.promise.catch(() => {});
    }
  }

  async stats({ id }: { readonly id: string }): Promise<TypedValue> {
    return statsOf(this.#task(id));
  }

  async connect({ id }: { readonly id: string }): Promise<ShimInfo> {
    return { shimPid: nodeProcess.pid, taskPid: this.#tasks.get(id)?.record.init.pid ?? 0, version: "" };
  }

  async shutdown(request: { readonly id: string; readonly now?: boolean }): Promise<void> {
    // Without `now` the service leaves when nobody has come for a while: the next container costs less then.
    if (this.size === 0 && request.now === true) this.#deps.onShutdown?.();
  }

  /** Lets go of the tasks; their containers and monitors live on. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const task of this.#tasks.values()) {
      task.detached = true;
      await task.monitor?.[Symbol.asyncDispose]();
    }
    this.#tasks.clear();
  }
}

/** @throws {RtError} `INVALID_ARGUMENT` if the value is not JSON. */
function parseResources({ value }: TypedValue): object {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(value)) as object;
  } catch (err) {
    throw addClause("cannot read resources", new RtError("INVALID_ARGUMENT", messageOf(err), { cause: err }));
  }
}
