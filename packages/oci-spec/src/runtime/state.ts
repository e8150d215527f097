/**
 * State of a container: what `state` prints and hooks read on stdin.
 *
 * Source: runtime-spec 1.3.0 `runtime.md` section "State", `specs-go/state.go`.
 *
 * @module
 */

/** Where a container is in its life. */
export type ContainerStatus = "creating" | "created" | "running" | "stopped";

/** State of a container. */
export interface State {
  /** Version of the runtime-spec that this state is written to. */
  ociVersion: string;
  /** Id, unique on this runtime. */
  id: string;
  /** Where it is in its life; runtimes may add words, as runc does with `paused`. */
  status: ContainerStatus | (string & {});
  /** Process id of its init as the runtime sees it; required when created or running. */
  pid?: number;
  /** Absolute path of its bundle. */
  bundle: string;
  /** Annotations of its config. */
  annotations?: Record<string, string>;
}

/** What goes over the seccomp listener socket, beside the descriptors. */
export interface ContainerProcessState {
  /** Version of the runtime-spec that this record is written to. */
  ociVersion: string;
  /** Names of the descriptors, in their order; one is `seccompFd`. */
  fds: string[];
  /** Process id as the runtime sees it. */
  pid: number;
  /** `linux.seccomp.listenerMetadata`. */
  metadata?: string;
  /** State of the container. */
  state: State;
}
