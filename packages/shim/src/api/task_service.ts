/**
 * TaskService: what a shim offers to the layer above, the 17 calls of containerd's Task API in our own records.
 *
 * One service serves one or several tasks; each task is one container: its init process (`execId` empty or absent)
 * and the processes executed in it. `Shim` implements the interface in process, `ShimClient` over ttrpc.
 *
 * Source: containerd api/runtime/task/v2/shim.proto (v3 has the same calls and fields).
 *
 * @module
 */
import type { TypedValue } from "./typed_value.ts";

/** A mount as containerd hands it to a shim: what `mount(2)` needs, options in fstab style. */
export interface Mount {
  readonly type: string;
  readonly source: string;
  /** Path inside the rootfs; absent for the rootfs itself. */
  readonly target?: string;
  readonly options: readonly string[];
}

/** Where a process is in its life. */
export type ProcessStatus = "unknown" | "created" | "running" | "stopped" | "paused" | "pausing";

/** Paths of a process's stdio (FIFOs, or `file://`, `binary://` URIs); an empty string means closed. */
export interface Stdio {
  readonly stdin: string;
  readonly stdout: string;
  /** Unused with a terminal. */
  readonly stderr: string;
  readonly terminal: boolean;
}

/** How a process ended. */
export interface ExitStatus {
  /** Exit code 0 to 255; 128 + the signal's number for a process that a signal ended. */
  readonly exitStatus: number;
  /** Undefined when the process has not ended (or its end was not seen). */
  readonly exitedAt: Date | undefined;
}

/** How a process ended, and which one it was. */
export interface ProcessExit extends ExitStatus {
  /** Process id in the host's process id namespace; 0 if the process never ran. */
  readonly pid: number;
}

/** Names a process of a task. */
export interface ProcessRef {
  /** Id of the container. */
  readonly id: string;
  /** Id of the executed process; absent or empty for the container's init process. */
  readonly execId?: string;
}

/** Request of {@linkcode TaskService.create}. */
export interface CreateTaskRequest extends Stdio {
  readonly id: string;
  /** Directory with config.json and the mount point `rootfs`, absolute. */
  readonly bundle: string;
  /** Mounts that make up the root file system, mounted on `<bundle>/rootfs` in this order. */
  readonly rootfs: readonly Mount[];
  /** Path of a checkpoint image to restore from. */
  readonly checkpoint?: string;
  readonly parentCheckpoint?: string;
  /** Runtime options, as a rule `containerd.runc.v1.Options`. */
  readonly options?: TypedValue;
}

/** Request of {@linkcode TaskService.exec}. */
export interface ExecProcessRequest extends Stdio {
  readonly id: string;
  readonly execId: string;
  /** The OCI `process` object, JSON under `PROCESS_TYPE_URL`. */
  readonly spec: TypedValue;
}

/** Answer of {@linkcode TaskService.state}. */
export interface ProcessState extends ExitStatus, Stdio {
  /** Id of the container (as containerd's shims answer: for an executed process its `execId`). */
  readonly id: string;
  readonly execId: string;
  readonly bundle: string;
  /** Process id on the host; 0 before the process exists. */
  readonly pid: number;
  readonly status: ProcessStatus;
}

/** Request of {@linkcode TaskService.kill}. */
export interface KillRequest extends ProcessRef {
  /** Signal number; 0 only probes. */
  readonly signal: number;
  /** Signals every process of the container instead of the named one. */
  readonly all?: boolean;
}

/** Request of {@linkcode TaskService.resizePty}. */
export interface ResizePtyRequest extends ProcessRef {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
}

/** Request of {@linkcode TaskService.closeIo}. */
export interface CloseIoRequest extends ProcessRef {
  /** Closes the process's standard input. */
  readonly stdin: boolean;
}

/** Request of {@linkcode TaskService.update}. */
export interface UpdateTaskRequest {
  readonly id: string;
  /** The OCI `linux.resources` object, JSON under `RESOURCES_TYPE_URL`. */
  readonly resources?: TypedValue;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Request of {@linkcode TaskService.checkpoint}. */
export interface CheckpointTaskRequest {
  readonly id: string;
  /** Directory for the image. */
  readonly path: string;
  /** `containerd.runc.v1.CheckpointOptions`. */
  readonly options?: TypedValue;
}

/** One process of a container. */
export interface ProcessInfo {
  readonly pid: number;
  /** For an executed process `containerd.runc.v1.ProcessDetails` with its id. */
  readonly info?: TypedValue;
}

/** Answer of {@linkcode TaskService.connect}. */
export interface ShimInfo {
  /** Process id of the task service. */
  readonly shimPid: number;
  /** Process id of the container's init; 0 when the service does not know the container. */
  readonly taskPid: number;
  readonly version: string;
}

/** Options that every call takes. */
export interface CallOptions {
  /** Cancels the wait for the answer (and, over a wire, the call's remaining time). */
  readonly signal?: AbortSignal;
  /** Longest wait for the answer. Milliseconds. @default none */
  readonly timeoutMs?: number;
}

/**
 * Supervises the processes of containers.
 *
 * Every call rejects with an error whose `code` is `NOT_FOUND` when the container or process is unknown,
 * `FAILED_PRECONDITION` when its status forbids the call, `ALREADY_EXISTS` for an id in use, `INVALID_ARGUMENT` for a
 * request that can never succeed and `NOT_IMPLEMENTED` for what the runtime below cannot do.
 */
export interface TaskService {
  /** State of a process. */
  state(request: ProcessRef, options?: CallOptions): Promise<ProcessState>;
  /** Mounts the rootfs and creates the container; its program does not run yet. */
  create(request: CreateTaskRequest, options?: CallOptions): Promise<{ readonly pid: number }>;
  /** Runs the program of a created container, or of an added exec. */
  start(request: ProcessRef, options?: CallOptions): Promise<{ readonly pid: number }>;
  /** Removes a process that has ended (or never started); for init the container with it. */
  delete(request: ProcessRef, options?: CallOptions): Promise<ProcessExit>;
  /** All processes in the container. */
  pids(request: { readonly id: string }, options?: CallOptions): Promise<readonly ProcessInfo[]>;
  /** Freezes the container. */
  pause(request: { readonly id: string }, options?: CallOptions): Promise<void>;
  /** Thaws the container. */
  resume(request: { readonly id: string }, options?: CallOptions): Promise<void>;
  /** Writes a checkpoint image. */
  checkpoint(request: CheckpointTaskRequest, options?: CallOptions): Promise<void>;
  /** Sends a signal. */
  kill(request: KillRequest, options?: CallOptions): Promise<void>;
  /** Adds a process to a container; `start` with its `execId` runs it. */
  exec(request: ExecProcessRequest, options?: CallOptions): Promise<void>;
  /** Sets the size of a process's terminal. */
  resizePty(request: ResizePtyRequest, options?: CallOptions): Promise<void>;
  /** Closes a process's standard input, so that it reads end of file. */
  closeIo(request: CloseIoRequest, options?: CallOptions): Promise<void>;
  /** Changes the container's resource limits. */
  update(request: UpdateTaskRequest, options?: CallOptions): Promise<void>;
  /** Resolves when the process has ended; at once if it already has. */
  wait(request: ProcessRef, options?: CallOptions): Promise<ExitStatus>;
  /** Resource use: `io.containerd.cgroups.v1.Metrics` or `io.containerd.cgroups.v2.Metrics`. */
  stats(request: { readonly id: string }, options?: CallOptions): Promise<TypedValue>;
  /** Who the shim is. */
  connect(request: { readonly id: string }, options?: CallOptions): Promise<ShimInfo>;
  /** Says that the service is not needed; it stays while it has containers, and a little longer unless `now`. */
  shutdown(request: { readonly id: string; readonly now?: boolean }, options?: CallOptions): Promise<void>;
}
