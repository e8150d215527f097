/**
 * `/dev/shm` of a container that lets others join its IPC (`--ipc shareable`): a tmpfs of the host that all of them bind.
 *
 * A mount inside one container's mount namespace can't be bound into another's, so it lives at
 * `<data-root>/containers/<id>/mounts/shm`, as in moby (`daemon/container_operations_unix.go`, setupIpcDirs).
 *
 * @module
 */
import { mkdirSync } from "node:fs";
import { mount, unmount } from "@rt/containerd/kernel";
import { type ContainerDeps, containerPaths } from "./deps.ts";
import type { Container } from "./record.ts";
import { DEFAULT_SHM_BYTES } from "./spec_mounts.ts";

/** Where the shared tmpfs of `container` is, if it has one. */
export function shmDir(deps: ContainerDeps, container: Container): string | undefined {
  if (container.hostConfig.IpcMode !== "shareable") return undefined;
  return `${containerPaths(deps, container).dir}/mounts/shm`;
}

/** Mounts it; resolves with its place, or undefined for a container that has none. */
export async function mountShm(deps: ContainerDeps, container: Container): Promise<string | undefined> {
  const target = shmDir(deps, container);
  if (target === undefined) return undefined;
  await unmountShm(deps, container);
  mkdirSync(target, { recursive: true, mode: 0o700 });
  const size = container.hostConfig.ShmSize || DEFAULT_SHM_BYTES;
  const options = ["nosuid", "noexec", "nodev", "mode=1777", `size=${size}`];
  await mount(deps.kernel, { type: "tmpfs", source: "shm", target, options });
  return target;
}

/** Takes it away; containers that joined keep what they have open. */
export async function unmountShm(deps: ContainerDeps, container: Container): Promise<void> {
  const target = shmDir(deps, container);
  if (target !== undefined) await unmount(deps.kernel, target, { detach: true });
}
