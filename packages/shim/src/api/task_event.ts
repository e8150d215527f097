/**
 * Task events: what a shim tells containerd about its processes.
 *
 * Order per container: create, start, (exec-added, exec-started, exit of execs)…, exit of init, delete.
 * Source: containerd api/events/task.proto, core/runtime/events.go (topics).
 *
 * @module
 */
import type { Mount, ProcessExit, Stdio } from "./task_service.ts";

/** A container was created. */
export interface TaskCreateEvent {
  readonly topic: "/tasks/create";
  readonly containerId: string;
  readonly bundle: string;
  readonly rootfs: readonly Mount[];
  readonly io: Stdio;
  readonly checkpoint: string;
  readonly pid: number;
}

/** A container's program runs. */
export interface TaskStartEvent {
  readonly topic: "/tasks/start";
  readonly containerId: string;
  readonly pid: number;
}

/** A process has ended; `id` is the container's id for init, else the exec's id. */
export interface TaskExitEvent extends ProcessExit {
  readonly topic: "/tasks/exit";
  readonly containerId: string;
  readonly id: string;
}

/** A container was deleted; `id` is empty as in the peers. */
export interface TaskDeleteEvent extends ProcessExit {
  readonly topic: "/tasks/delete";
  readonly containerId: string;
  readonly id: string;
}

/** A process was added to a container. */
export interface TaskExecAddedEvent {
  readonly topic: "/tasks/exec-added";
  readonly containerId: string;
  readonly execId: string;
}

/** An added process runs. */
export interface TaskExecStartedEvent {
  readonly topic: "/tasks/exec-started";
  readonly containerId: string;
  readonly execId: string;
  readonly pid: number;
}

/** The kernel killed a process of the container for want of memory. */
export interface TaskOomEvent {
  readonly topic: "/tasks/oom";
  readonly containerId: string;
}

/** A container was frozen. */
export interface TaskPausedEvent {
  readonly topic: "/tasks/paused";
  readonly containerId: string;
}

/** A container was thawed. */
export interface TaskResumedEvent {
  readonly topic: "/tasks/resumed";
  readonly containerId: string;
}

/** A checkpoint image was written. */
export interface TaskCheckpointedEvent {
  readonly topic: "/tasks/checkpointed";
  readonly containerId: string;
  readonly checkpoint: string;
}

/** Any event about a task; `topic` says which. */
export type TaskEvent =
  | TaskCreateEvent
  | TaskStartEvent
  | TaskExitEvent
  | TaskDeleteEvent
  | TaskExecAddedEvent
  | TaskExecStartedEvent
  | TaskOomEvent
  | TaskPausedEvent
  | TaskResumedEvent
  | TaskCheckpointedEvent;

/** Topic of a task event. */
export type TaskTopic = TaskEvent["topic"];

/** An event as it travels: whose it is, when it happened. */
export interface EventEnvelope<E = TaskEvent> {
  readonly timestamp: Date;
  /** The containerd namespace. */
  readonly namespace: string;
  readonly topic: string;
  readonly event: E;
}

/** Where a task service sends its events; resolves once the receiver has acknowledged. */
export interface EventSink {
  publish(envelope: EventEnvelope): Promise<void>;
}
