/**
 * Making and removing cgroup directories.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type CgroupFs, errnoOf } from "../host/cgroup_fs.ts";
import { cgroupFailure } from "./cgroup_error.ts";

/** Options for {@linkcode removeCgroup}. */
export interface RemoveOptions {
  /** How long to wait for processes that are still leaving. Milliseconds. @default {2000} */
  readonly timeoutMs?: number;
}

/**
 * Makes a cgroup and the parents it lacks; returns those that were made, outermost first.
 *
 * @throws {CgroupError} of the errno's class.
 */
export function makeCgroup(fs: CgroupFs, dir: string): string[] {
  try {
    return fs.mkdir(dir) ? [dir] : [];
  } catch (err) {
    const parent = dir.slice(0, dir.lastIndexOf("/"));
    if (errnoOf(err) !== "ENOENT" || parent === "") throw cgroupFailure("create cgroup", "mkdir", dir, err);
    const made = makeCgroup(fs, parent);
    return [...made, ...makeCgroup(fs, dir)];
  }
}

/** Whether rmdir worked or there was nothing to remove; false if the cgroup is in use. */
function tryRemove(fs: CgroupFs, dir: string): boolean {
  try {
    fs.rmdir(dir);
    return true;
  } catch (err) {
    const errno = errnoOf(err);
    if (errno === "ENOENT") return true;
    if (errno === "EBUSY" || errno === "ENOTEMPTY") return false;
    if (!fs.exists(dir)) return true; // a read-only mount says EROFS before it looks
    throw cgroupFailure("remove cgroup", "rmdir", dir, err);
  }
}

/**
 * Removes a cgroup, children first, waiting for processes that are on their way out.
 *
 * @throws {CgroupError} `FAILED_PRECONDITION` (EBUSY) if processes remain after the time-out.
 */
export async function removeCgroup(fs: CgroupFs, dir: string, options: RemoveOptions = {}): Promise<void> {
  if (tryRemove(fs, dir)) return;
  const end = performance.now() + (options.timeoutMs ?? 2000);
  for (let delayMs = 1; ; delayMs = Math.min(delayMs * 2, 50)) {
    for (const name of listOrNone(fs, dir)) await removeCgroup(fs, `${dir}/${name}`, options);
    if (tryRemove(fs, dir)) return;
    if (performance.now() + delayMs > end) {
      throw cgroupFailure(
        "remove cgroup",
        "rmdir",
        dir,
        Object.assign(new Error("in use"), { code: "EBUSY" }),
      );
    }
    await sleep(delayMs);
  }
}

function listOrNone(fs: CgroupFs, dir: string): string[] {
  try {
    return fs.list(dir);
  } catch (err) {
    if (errnoOf(err) === "ENOENT") return [];
    throw cgroupFailure("remove cgroup", "scandir", dir, err);
  }
}
