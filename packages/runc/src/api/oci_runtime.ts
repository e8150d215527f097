/**
 * OciRuntime: what a container runtime offers to the layer above.
 *
 * One interface, two implementations: `Runc` (in this process, over a kernel port) and `RuncCli` (drives any OCI
 * runtime binary). The verbs are those of the OCI runtime specification and of runc's command line.
 * Source: opencontainers/runtime-spec runtime.md "Operations"; opencontainers/runc man/runc.8.md.
 *
 * @module
 */
import type { Features, LinuxResources, Logger, Process, Spec } from "@rt/oci-spec/oci";

/** Where a container was in its life when it was asked. */
export type ContainerStatus = "creating" | "created" | "running" | "paused" | "stopped";

/** Options that every call takes as its last parameter. */
export interface CallOptions {
  /** Cancels the call; what it had changed is undone before it rejects. */
  readonly signal?: AbortSignal;
  /** Where decisions are logged. @default {silent} */
  readonly log?: Logger;
}

/** One of a process's first three descriptors. */
export type StdioStream =
  /** `/dev/null` of the host. */
  | { readonly kind: "null" }
  /** The launching process's own descriptor of that number, inherited as it is. */
  | { readonly kind: "inherit" }
  /** A descriptor of the calling process; only kernels that spawn from this process can pass it. */
  | { readonly kind: "fd"; readonly fd: number }
  /** A FIFO or file on the host, opened by the launch program itself (blocking, never through JavaScript). */
  | { readonly kind: "file"; readonly path: string; readonly append?: boolean };

/** What the process's terminal is joined to, when `process.terminal` is true. */
export type ConsoleTarget =
  /** The master is sent over this unix stream socket by SCM_RIGHTS, as runc's `--console-socket`. */
  | { readonly kind: "socket"; readonly path: string }
  /**
   * A relay process of the launch program holds the master and copies: `stdin` FIFO → terminal → `stdout` FIFO.
   * `control` is a FIFO of resize commands: 8 bytes, `struct winsize` (rows, columns, 0, 0 as u16 little endian).
   */
  | { readonly kind: "relay"; readonly stdin?: string; readonly stdout: string; readonly control?: string }
  /** The launching process's own terminal, /dev/tty, is relayed (foreground `rt-runc run`); `control` as above. */
  | { readonly kind: "own"; readonly control?: string };

/** How the process is joined to the outside. Absent streams are `null`. */
export interface ProcessIo {
  readonly stdin?: StdioStream;
  readonly stdout?: StdioStream;
  readonly stderr?: StdioStream;
  /** Required when `process.terminal` is true; the three streams are then not used. */
  readonly console?: ConsoleTarget;
}

/**
 * Who becomes the parent of the new process.
 *
 * - `stay`: the launching process remains, reaps, and exits with the process's status: `Launched.exited` resolves.
 * - `leave`: the launching process exits; the new one reparents to the caller's nearest subreaper.
 * - `sibling`: CLONE_PARENT; the new process is a child of whoever runs the launching process (a monitor).
 */
export type ParentMode = "stay" | "leave" | "sibling";

/** Request of {@linkcode OciRuntime.create}. */
export interface CreateRequest {
  /** Container id: `[A-Za-z0-9_+.-]+`, as runc accepts. */
  readonly id: string;
  /** Directory that holds `config.json`; absolute. */
  readonly bundle: string;
  /** The configuration, if the caller has it at hand. @default {`config.json` of the bundle} */
  readonly spec?: Spec;
  readonly io?: ProcessIo;
  /** Written, atomically, with the init process's pid. */
  readonly pidFile?: string;
  /** @default {"stay" if the kernel can report exits, as spawnKernel; "sibling" under a monitor} */
  readonly parent?: ParentMode;
  /** Kill the process when its parent dies (PR_SET_PDEATHSIG SIGKILL). @default {false} */
  readonly dieWithParent?: boolean;
  /** Use MS_MOVE and chroot instead of pivot_root (ramfs roots). @default {false} */
  readonly noPivot?: boolean;
  /** Do not make a new session keyring. @default {false} */
  readonly noNewKeyring?: boolean;
  /** How many descriptors from 3 on are passed through. @default {0} */
  readonly preserveFds?: number;
}

/** Request of {@linkcode OciRuntime.exec}. */
export interface ExecRequest {
  readonly id: string;
  /** The process; fields that are absent are taken from the container's own. */
  readonly process: Process;
  readonly io?: ProcessIo;
  readonly pidFile?: string;
  readonly parent?: ParentMode;
  readonly dieWithParent?: boolean;
  readonly preserveFds?: number;
  /** Sub-cgroup of the container's, relative. */
  readonly cgroup?: string;
  /** Run in a paused container, too (it will wait). @default {false} */
  readonly ignorePaused?: boolean;
}

/** How a process ended. */
export interface ExitStatus {
  /** Exit code, or 128 + signal, as shells count it. Range: 0–255. */
  readonly code: number;
  /** The signal that ended it; 0 if it exited by itself. */
  readonly signal: number;
}

/** A process that was launched. */
export interface LaunchedProcess {
  /** Pid in the runtime's own pid namespace. */
  readonly pid: number;
  /** Resolves when it ends. Present only if this runtime's kernel is, or stands for, the parent. */
  readonly exited?: Promise<ExitStatus>;
}

/** State of a container, as `runc state` prints it. */
export interface ContainerState {
  readonly ociVersion: string;
  readonly id: string;
  /** 0 if stopped. */
  readonly pid: number;
  readonly status: ContainerStatus;
  /** Absolute path. */
  readonly bundle: string;
  /** Absolute path. */
  readonly rootfs: string;
  /** RFC 3339, UTC. */
  readonly created: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Name of the user that made the container, `#<uid>` if it has none. */
  readonly owner: string;
}

/** Request that names one container. */
export interface ContainerRequest {
  readonly id: string;
}

/** Request of {@linkcode OciRuntime.kill}. */
export interface KillRequest extends ContainerRequest {
  /** Name with or without `SIG`, or number. Range of numbers: 1–64. @default {"SIGTERM"} */
  readonly signal?: string | number;
  /** Every process of the container's cgroup rather than init alone. @default {false} */
  readonly all?: boolean;
}

/** Request of {@linkcode OciRuntime.delete}. */
export interface DeleteRequest extends ContainerRequest {
  /** Kill it first if it runs, and do not mind if it does not exist. @default {false} */
  readonly force?: boolean;
}

/** Request of {@linkcode OciRuntime.update}. */
export interface UpdateRequest extends ContainerRequest {
  /** Limits to change; absent ones stay. */
  readonly resources: LinuxResources;
}

/** A container runtime. */
export interface OciRuntime {
  /**
   * Makes the container, its init process waiting to be started.
   *
   * @throws {RtError} `ALREADY_EXISTS` if the id is in use; `INVALID_ARGUMENT` if the configuration is wrong;
   *   `NOT_FOUND` if the bundle is missing. Nothing is left behind.
   */
  create(request: CreateRequest, options?: CallOptions): Promise<LaunchedProcess>;
  /** Lets the waiting init process execute the user's program. @throws {RtError} `NOT_FOUND`, `FAILED_PRECONDITION`. */
  start(request: ContainerRequest, options?: CallOptions): Promise<void>;
  /** Starts one more process in a container. @throws {RtError} `NOT_FOUND`, `FAILED_PRECONDITION`, `INVALID_ARGUMENT`. */
  exec(request: ExecRequest, options?: CallOptions): Promise<LaunchedProcess>;
  /** @throws {RtError} `NOT_FOUND`. */
  state(request: ContainerRequest, options?: CallOptions): Promise<ContainerState>;
  /** All containers below the runtime's root, sorted by id. */
  list(options?: CallOptions): Promise<readonly ContainerState[]>;
  /** @throws {RtError} `NOT_FOUND`; `FAILED_PRECONDITION` if it does not run. */
  kill(request: KillRequest, options?: CallOptions): Promise<void>;
  /** @throws {RtError} `NOT_FOUND`; `FAILED_PRECONDITION` if it runs and `force` is not given. */
  delete(request: DeleteRequest, options?: CallOptions): Promise<void>;
  /** @throws {RtError} `NOT_FOUND`, `FAILED_PRECONDITION`. */
  pause(request: ContainerRequest, options?: CallOptions): Promise<void>;
  /** @throws {RtError} `NOT_FOUND`, `FAILED_PRECONDITION`. */
  resume(request: ContainerRequest, options?: CallOptions): Promise<void>;
  /** @throws {RtError} `NOT_FOUND`, `INVALID_ARGUMENT`. */
  update(request: UpdateRequest, options?: CallOptions): Promise<void>;
  /** Pids (of the runtime's pid namespace) of every process in the container, ascending. @throws {RtError} `NOT_FOUND`. */
  ps(request: ContainerRequest, options?: CallOptions): Promise<readonly number[]>;
  /** What the runtime supports. */
  features(options?: CallOptions): Promise<Features>;
}
