/**
 * Namespaces of other containers that a container joins: `--network container:x`, `--pid container:x`, `--ipc …`.
 *
 * Source: moby `daemon/container_operations.go` getNetworkedContainer, getIPCContainer, getPIDContainer.
 *
 * @module
 */
import { ConflictError, InvalidParameterError } from "../errors.ts";
import type { ContainerDeps } from "./deps.ts";
import type { Container } from "./record.ts";
import { shmDir } from "./shm.ts";
import type { ContainerStore } from "./store.ts";

/** What a container joins. */
export interface Joined {
  readonly namespaces: { pid?: string; ipc?: string; network?: string; uts?: string };
  /** Directory for `/dev/shm`. */
  readonly shmPath?: string;
}

/** The container that a mode `container:<name>` names; it must run. */
function target(store: ContainerStore, container: Container, mode: string, what: string): Container {
  const other = store.get(mode.slice("container:".length));
  if (other === container) throw new InvalidParameterError(`cannot join own ${what} namespace`);
  if (!other.record.State.Running)
    throw new ConflictError(`cannot join ${what} of a non running container: ${other.id}`);
  return other;
}

/** The namespaces that `container` joins. @throws `CONFLICT` if their owner does not run. */
export function joinedNamespaces(deps: ContainerDeps, container: Container): Joined {
  const { store } = deps;
  const { NetworkMode = "", PidMode = "", IpcMode = "" } = container.hostConfig;
  const namespaces: Joined["namespaces"] = {};
  let shmPath: string | undefined;
  const path = (owner: Container, name: string): string => `/proc/${owner.record.State.Pid}/ns/${name}`;
  if (NetworkMode.startsWith("container:")) {
    namespaces.network = path(target(store, container, NetworkMode, "network"), "net");
  }
  if (PidMode.startsWith("container:")) {
    namespaces.pid = path(target(store, container, PidMode, "PID"), "pid");
  }
  if (IpcMode.startsWith("container:")) {
    const owner = target(store, container, IpcMode, "IPC");
    if (owner.hostConfig.IpcMode === "private") {
      throw new ConflictError(
        `cannot join IPC of container ${owner.id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
      );
    }
    namespaces.ipc = path(owner, "ipc");
    shmPath = shmDir(deps, owner) ?? "/dev/shm";
  } else if (IpcMode === "host") {
    shmPath = "/dev/shm";
  }
  return { namespaces, ...(shmPath === undefined ? {} : { shmPath }) };
}
