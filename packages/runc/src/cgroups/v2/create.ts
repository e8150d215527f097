/**
 * Making a cgroup v2: each level above hands its controllers down.
 *
 * Source: Linux Documentation/admin-guide/cgroup-v2.rst "Organizing Processes and Threads"; opencontainers/cgroups
 * fs2/create.go.
 *
 * @module
 */
import type { CgroupFs } from "../../host/cgroup_fs.ts";
import type { LinuxResources } from "../../oci.ts";
import { CgroupError, cgroupFailure } from "../cgroup_error.ts";
import { readOptional, readRequired, writeLimit } from "../files.ts";

/** Whether a limit is asked for that cannot be set on a cgroup of threads. */
function needsDomain({ memory, blockIO, cpu, hugepageLimits }: LinuxResources): boolean {
  const asked = Boolean(memory?.limit || memory?.swap || memory?.reservation || hugepageLimits?.length);
  const io = Object.values(blockIO ?? {}).some((v) => (Array.isArray(v) ? v.length > 0 : v !== 0));
  const time = cpu?.idle !== undefined || cpu?.burst !== undefined;
  return asked || io || time || Boolean(cpu?.shares || cpu?.quota || cpu?.period);
}

function checkType(fs: CgroupFs, dir: string, resources: LinuxResources): void {
  const type = readOptional(fs, dir, "cgroup.type")?.trim();
  if (type === undefined || type === "domain") return;
  if (needsDomain(resources)) {
    const state = type === "domain invalid" ? "an invalid state" : `${type} mode`;
    throw new CgroupError(
      "FAILED_PRECONDITION",
      `cannot enter cgroupv2 "${dir}" with domain controllers -- it is in ${state}`,
    );
  }
  if (type === "domain invalid") writeLimit(fs, dir, "cgroup.type", "cgroup type", "threaded");
}

/** Enables what can be enabled; what a limit needs and lacks is reported when the limit is set. */
function enable(fs: CgroupFs, dir: string, controllers: readonly string[]): void {
  const enabled = new Set((readOptional(fs, dir, "cgroup.subtree_control") ?? "").trim().split(" "));
  const missing = controllers.filter((c) => !enabled.has(c)).map((c) => `+${c}`);
  if (missing.length === 0) return;
  const attempt = (value: string): boolean => {
    try {
      fs.write(`${dir}/cgroup.subtree_control`, value);
      return true;
    } catch {
      return false;
    }
  };
  if (!attempt(missing.join(" "))) for (const one of missing) attempt(one);
}

/**
 * Makes `dir` and the levels between it and the mount. Undone if it fails.
 *
 * @throws {CgroupError} `FAILED_PRECONDITION` if a level is threaded and the limits need a domain.
 */
export function createV2(fs: CgroupFs, mountpoint: string, dir: string, resources: LinuxResources): void {
  const controllers = readRequired(fs, mountpoint, "cgroup.controllers").trim().split(" ").filter(Boolean);
  const parts = dir.slice(mountpoint.length).split("/").filter(Boolean);
  const made: string[] = [];
  let current = mountpoint;
  try {
    for (const part of parts) {
      enable(fs, current, controllers);
      current = `${current}/${part}`;
      try {
        if (fs.mkdir(current)) made.unshift(current);
      } catch (err) {
        throw cgroupFailure("create cgroup", "mkdir", current, err);
      }
      checkType(fs, current, resources);
    }
  } catch (err) {
    for (const level of made) fs.rmdir(level);
    throw err;
  }
}
