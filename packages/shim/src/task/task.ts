/**
 * Task: the live handle of one container, over its record.
 *
 * Steps that change a task run one after the other (`serial`); so an exit that is seen while a process is being
 * started is handled, and told, after the start was.
 *
 * @module
 */

import type { OciRuntime } from "@rt/runc/api";
import type { Kernel, MonitorKernel } from "@rt/runc/kernel";
import { type Logger, RtError } from "@rt/runc/oci";
import type { EventEnvelope, TaskEvent } from "../api/task_event.ts";
import type { ExitStatus, ProcessExit } from "../api/task_service.ts";
import {
  type PendingEvent,
  type ProcessRecord,
  type RuntimeChoice,
  saveRecord,
  type TaskRecord,
} from "./record.ts";

/** What the operations on tasks work with. */
export interface TaskDeps {
  /** Port of the service itself: mounts, and what is done when a monitor is gone. */
  readonly kernel: Kernel;
  /** Makes the runtime of a task over a kernel port. */
  readonly runtime: (kernel: Kernel, choice: RuntimeChoice) => OciRuntime;
  /** Delivers an event; resolves once it was acknowledged, or given up. */
  readonly publish: (envelope: EventEnvelope) => Promise<void>;
  /** The containerd namespace. */
  readonly namespace: string;
  /** Socket of the service. */
  readonly address: string;
  readonly log: Logger;
}

/** One container and its processes. */
export class Task {
  readonly deps: TaskDeps;
  readonly record: TaskRecord;
  /** The container's monitor while it lives. */
  monitor: MonitorKernel | undefined;
  /** Set when the task is deleted or the service lets go of it: what still comes from its monitor is ignored. */
  detached = false;
  #tail: Promise<unknown> = Promise.resolve();
  readonly #waiters = new Map<ProcessRecord, PromiseWithResolvers<ExitStatus>>();
  #saving = false;

  constructor(deps: TaskDeps, record: TaskRecord) {
    this.deps = deps;
    this.record = record;
  }

  get id(): string {
    return this.record.id;
  }

  /** Init, then the execs. */
  get processes(): readonly ProcessRecord[] {
    return [this.record.init, ...this.record.execs];
  }

  /** The runtime over the service's own port: for all that starts no process of the container. */
  get runtime(): OciRuntime {
    return this.deps.runtime(this.deps.kernel, this.record.runtime);
  }

  /** The runtime over the container's monitor, which becomes the parent of what it starts. */
  launcher(monitor: MonitorKernel): OciRuntime {
    return this.deps.runtime(monitor, this.record.runtime);
  }

  /** Runs `step` after all earlier ones have ended. */
  serial<T>(step: () => Promise<T>): Promise<T> {
    const run = this.#tail.then(step, step);
    this.#tail = run.catch(() => {});
    return run;
  }

  /** @throws {RtError} `NOT_FOUND` in the peer's words (containerd runc/container.go). */
  process(execId: string = ""): ProcessRecord {
    if (execId === "") return this.record.init;
    const found = this.record.execs.find((p) => p.execId === execId);
    if (found === undefined) throw new RtError("NOT_FOUND", `process does not exist ${execId}: not found`);
    return found;
  }

  /** Writes the record. */
  save(): void {
    if (!this.detached) saveRecord(this.record);
  }

  /** Tells an event: it is in the record, written with it by the next `save`, until somebody has acknowledged it. */
  emit(event: TaskEvent): void {
    const pending: PendingEvent = { timeMs: Date.now(), event };
    this.record.pending.push(pending);
    this.#deliver(pending);
  }

  /** Tells again what a service before this one could not deliver. */
  redeliver(): void {
    for (const pending of [...this.record.pending]) this.#deliver(pending);
  }

  #deliver(pending: PendingEvent): void {
    const { event, timeMs } = pending;
    const { namespace } = this.record;
    const done = (): void => {
      this.record.pending.splice(this.record.pending.indexOf(pending), 1);
      this.#saveSoon();
    };
    void this.deps
      .publish({ timestamp: new Date(timeMs), namespace, topic: event.topic, event })
      .then(done, done);
  }

  #saveSoon(): void {
    if (this.#saving) return;
    this.#saving = true;
    setImmediate(() => {
      this.#saving = false;
      try {
        this.save();
      } catch (err) {
        this.deps.log.warn("cannot save task", { container: this.id, err });
      }
    });
  }

  /** Resolves when `process` has ended. */
  wait(process: ProcessRecord): Promise<ExitStatus> {
    if (process.exit !== undefined) return Promise.resolve(exitOf(process));
    let waiter = this.#waiters.get(process);
    if (waiter === undefined) {
      waiter = Promise.withResolvers();
      waiter.promise.catch(() => {});
      this.#waiters.set(process, waiter);
    }
    return waiter.promise;
  }

  /** Wakes who waits for `process`: with its exit, or with `error`. */
  wake(process: ProcessRecord, error?: unknown): void {
    const waiter = this.#waiters.get(process);
    this.#waiters.delete(process);
    if (error === undefined) waiter?.resolve(exitOf(process));
    else waiter?.reject(error);
  }
}

/** How `process` ended; zeros if it has not. */
export function exitOf(process: ProcessRecord): ProcessExit {
  return {
    pid: process.pid,
    exitStatus: process.exit?.exitStatus ?? 0,
    exitedAt: process.exit === undefined ? undefined : new Date(process.exit.exitedAtMs),
  };
}
