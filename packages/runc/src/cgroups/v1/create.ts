/**
 * Making the cgroups of a container on cgroup v1: one directory per hierarchy.
 *
 * @module
 */
import type { CgroupFs } from "../../host/cgroup_fs.ts";
import type { LinuxResources } from "../../oci.ts";
import type { CgroupLayout } from "../layout.ts";
import type { CgroupPaths } from "../path.ts";
import { makeCgroup } from "../remove.ts";
import { setRealtime } from "./cpu.ts";
import { cpusetV1, makeCpuset } from "./cpuset.ts";

function make(
  fs: CgroupFs,
  layout: CgroupLayout,
  paths: CgroupPaths,
  dir: string,
  resources: LinuxResources,
): string[] {
  if (dir !== paths.cpuset) return makeCgroup(fs, dir);
  const mount = layout.v1.find((m) => m.controllers.includes("cpuset"))?.mountpoint ?? "";
  return makeCpuset(fs, mount, dir, () => cpusetV1.set?.(fs, dir, resources));
}

function undo(fs: CgroupFs, made: readonly string[]): void {
  for (const dir of [...made].reverse()) {
    try {
      fs.rmdir(dir);
    } catch {
      // Somebody else uses it by now; the error that brought us here says what went wrong.
    }
  }
}

/**
 * Makes what is not there, and sets what must be set before a process joins. Undone if it fails.
 *
 * @throws {CgroupError} of the errno's class.
 */
export function createV1(
  fs: CgroupFs,
  layout: CgroupLayout,
  paths: CgroupPaths,
  resources: LinuxResources,
): void {
  const made: string[] = [];
  try {
    for (const dir of new Set(Object.values(paths))) made.push(...make(fs, layout, paths, dir, resources));
    if (paths.cpu !== undefined && resources.cpu !== undefined) setRealtime(fs, paths.cpu, resources.cpu);
  } catch (err) {
    undo(fs, made);
    throw err;
  }
}
