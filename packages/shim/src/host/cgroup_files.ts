/**
 * The cgroup files of a process, where its own record in /proc says they are.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Reads files of the cgroups that a process is in. */
export interface CgroupFiles {
  /** Whether its controllers are on v1 hierarchies. */
  readonly version: 1 | 2;
  /** Text of `file` in the cgroup of `controller` (any on v2); undefined if there is none. */
  read(controller: string, file: string): string | undefined;
  /** Path of the file that counts kills for want of memory, if there is one. */
  readonly oomFile: string | undefined;
}

/** The cgroup files of process `pid`; undefined if it has ended. */
export function cgroupFilesOf(pid: number): CgroupFiles | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/cgroup`, "utf8");
  } catch {
    return undefined;
  }
  const byController = new Map<string, string>();
  for (const [, controllers = "", path = ""] of text.matchAll(/^\d+:([^:]*):(\/.*)$/gm))
    for (const controller of controllers.split(",")) byController.set(controller, path);
  const version = byController.has("memory") ? 1 : 2;
  const directory = (controller: string): string | undefined => {
    const path = byController.get(version === 1 ? controller : "");
    return path === undefined ? undefined : join("/sys/fs/cgroup", version === 1 ? controller : "", path);
  };
  const memory = directory("memory");
  const oomFile =
    memory === undefined ? undefined : join(memory, version === 1 ? "memory.oom_control" : "memory.events");
  return {
    version,
    oomFile: oomFile !== undefined && existsSync(oomFile) ? oomFile : undefined,
    read(controller, file) {
      const where = directory(controller);
      if (where === undefined) return undefined;
      try {
        return readFileSync(join(where, file), "utf8");
      } catch {
        return undefined;
      }
    },
  };
}
