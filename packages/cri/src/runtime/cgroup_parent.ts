/**
 * Cgroup parent of a pod, as the engine's cgroup driver wants it.
 *
 * Source: cri-dockerd `core/docker_service.go` (GenerateExpectedCgroupParent).
 *
 * @module
 */
import { posix } from "node:path";
import type { CallOptions } from "../api/cri.ts";
import type { EngineDeps } from "../sandbox/find.ts";

/** `CgroupParent` for `cgroupParent`: a path for cgroupfs, the slice's name alone for systemd. */
export async function cgroupParentOf(
  { engine }: EngineDeps,
  cgroupParent: string | undefined,
  options: CallOptions,
): Promise<{ CgroupParent?: string }> {
  if (cgroupParent === undefined || cgroupParent === "") return {};
  const { CgroupDriver } = await engine.system.info(options);
  return { CgroupParent: CgroupDriver === "systemd" ? posix.basename(cgroupParent) : cgroupParent };
}
