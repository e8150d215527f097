/**
 * A cgroup below a container's own, as `exec --cgroup` names it.
 *
 * @module
 */
import { CgroupError } from "./cgroup_error.ts";
import { cleanCgroupPath } from "./path.ts";

/** `dir` with `sub` below it. @throws {CgroupError} `INVALID_ARGUMENT` if `sub` leads out of `dir` (runc's text). */
export function subCgroup(dir: string, sub: string): string {
  const path = cleanCgroupPath(`${dir}/${sub}`);
  if (path === dir || path.startsWith(`${dir}/`)) return path;
  throw new CgroupError("INVALID_ARGUMENT", `bad sub cgroup path: ${sub}`);
}
