/**
 * Tasks: the running side of containers.
 *
 * Source: containerd api/services/tasks/v1, api/types/task.
 *
 * @module
 */
import type { Descriptor } from "../oci.ts";
import type { Call, TypedAny } from "./call.ts";
import type { Mount } from "./mount.ts";

/** State of a process. */
export type TaskStatus = "unknown" | "created" | "running" | "stopped" | "paused" | "pausing";

/** Where a process's stdio goes: paths of FIFOs, or URIs (`file://`, `binary://`); empty is none. */
export interface TaskIo {
  readonly stdin: string;
  readonly stdout: string;
  /** Empty if there is a terminal. */
  readonly stderr: string;
  readonly terminal: boolean;
}

/** Which process of which container; without `execId` it is the init process. */
export interface ProcessRef {
  readonly containerId: string;
  readonly execId?: string;
}

/** How a process ended. */
export interface ExitStatus {
  /** 0 to 255; 128 + n after signal n. */
  readonly exitStatus: number;
  /** Absent while the process lives. */
  readonly exitedAt?: Date;
}

/** A process of a task. */
export interface TaskProcess extends TaskIo, ExitStatus {
  readonly containerId: string;
  /** The exec's id; for the init process the container's. */
  readonly id: string;
  readonly pid: number;
  readonly status: TaskStatus;
}

/** What to create a task from. */
export interface CreateTaskRequest extends Partial<TaskIo> {
  readonly containerId: string;
  /** Mounts that make up the rootfs; performed by the shim. */
  readonly rootfs?: readonly Mount[];
  /** Checkpoint to restore from. */
  readonly checkpoint?: Descriptor;
  /** Options of the runtime; those of the container if absent. */
  readonly options?: TypedAny;
  /** Shim binary to use in place of the one that the runtime's name gives. */
  readonly runtimePath?: string;
}

/** What to run beside the init process. */
export interface ExecTaskRequest extends Partial<TaskIo> {
  readonly containerId: string;
  readonly execId: string;
  /** OCI process, JSON in an Any (`types.containerd.io/opencontainers/runtime-spec/1/Process`). */
  readonly spec: TypedAny;
}

/** What a delete tells about the process that was. */
export interface DeletedProcess extends ExitStatus {
  readonly id: string;
  readonly pid: number;
}

/** Statistics of one task. */
export interface TaskMetric {
  readonly id: string;
  readonly timestamp: Date;
  /** `io.containerd.cgroups.v1.Metrics` or `io.containerd.cgroups.v2.Metrics`. */
  readonly data: TypedAny;
}

/** A process inside a task's container. */
export interface TaskPid {
  readonly pid: number;
  /** `containerd.runc.v1.ProcessDetails` for execs. */
  readonly info?: TypedAny;
}

/** Task service. Every call throws `NOT_FOUND` if there is no such task or process. */
export interface Tasks {
  /** Starts a shim and creates the init process in it. @throws `ALREADY_EXISTS`. @returns its pid. */
  create(
    request: CreateTaskRequest,
    call: Call,
  ): Promise<{ readonly containerId: string; readonly pid: number }>;
  /** Starts the init process or an exec. @returns its pid. */
  start(ref: ProcessRef, call: Call): Promise<{ readonly pid: number }>;
  /** Deletes a stopped task with its shim. @throws `FAILED_PRECONDITION` while it runs. */
  delete(containerId: string, call: Call): Promise<DeletedProcess>;
  /** Deletes a stopped exec. */
  deleteProcess(ref: Required<ProcessRef>, call: Call): Promise<DeletedProcess>;
  get(ref: ProcessRef, call: Call): Promise<TaskProcess>;
  list(filter: string, call: Call): Promise<readonly TaskProcess[]>;
  /** Sends signal number `signal`; with `all` to every process of the container. */
  kill(request: ProcessRef & { readonly signal: number; readonly all?: boolean }, call: Call): Promise<void>;
  /** Adds an exec; {@linkcode Tasks.start} runs it. @throws `ALREADY_EXISTS`. */
  exec(request: ExecTaskRequest, call: Call): Promise<void>;
  /** Columns and rows. */
  resizePty(
    request: ProcessRef & { readonly width: number; readonly height: number },
    call: Call,
  ): Promise<void>;
  closeIo(request: ProcessRef & { readonly stdin: boolean }, call: Call): Promise<void>;
  pause(containerId: string, call: Call): Promise<void>;
  resume(containerId: string, call: Call): Promise<void>;
  pids(containerId: string, call: Call): Promise<readonly TaskPid[]>;
  /** @throws `NOT_IMPLEMENTED` where the runtime cannot. */
  checkpoint(
    request: {
      readonly containerId: string;
      readonly parentCheckpoint?: string;
      readonly options?: TypedAny;
    },
    call: Call,
  ): Promise<readonly Descriptor[]>;
  /** Changes resource limits; `resources` is an OCI `LinuxResources`, JSON in an Any. */
  update(
    request: {
      readonly containerId: string;
      readonly resources: TypedAny;
      readonly annotations?: Readonly<Record<string, string>>;
    },
    call: Call,
  ): Promise<void>;
  metrics(filters: readonly string[], call: Call): Promise<readonly TaskMetric[]>;
  /** Resolves when the process has ended. */
  wait(ref: ProcessRef, call: Call): Promise<ExitStatus>;
}
