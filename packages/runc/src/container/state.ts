/**
 * State: what a container is doing, from its record, its process, its cgroup and its FIFO.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import type { ContainerRequest, ContainerState, ContainerStatus } from "../api/oci_runtime.ts";
import { type CgroupManager, loadCgroups } from "../cgroups/manager.ts";
import { parsePasswd } from "../user/passwd.ts";
import { startTimeOf } from "./process_state.ts";
import type { RuncDeps } from "./runc.ts";
import { type ContainerRecord, fifoPath, load } from "./store.ts";

/** Cgroups of a container that exists. */
export function cgroupsOf(deps: RuncDeps, record: ContainerRecord): CgroupManager {
  return loadCgroups(deps.cgroupFs, deps.layout, record.cgroupPaths);
}

/** Whether the container's init is the process that its record means. */
export function isAlive(record: ContainerRecord): boolean {
  return record.pid !== 0 && startTimeOf(record.pid) === record.startTime;
}

/** Status of a container. */
export function statusOf(deps: RuncDeps, record: ContainerRecord): ContainerStatus {
  if (record.pid === 0) return existsSync(fifoPath(deps.root, record.id)) ? "creating" : "stopped";
  if (!isAlive(record)) return "stopped";
  if (isFrozen(deps, record)) return "paused";
  return existsSync(fifoPath(deps.root, record.id)) ? "created" : "running";
}

function isFrozen(deps: RuncDeps, record: ContainerRecord): boolean {
  try {
    const state = cgroupsOf(deps, record).freezerState();
    return state === "frozen";
  } catch {
    return false;
  }
}

/** State of container `id`, as `runc state` prints it. @throws {ContainerNotFoundError} */
export function state(deps: RuncDeps, { id }: ContainerRequest): ContainerState {
  return describe(deps, load(deps.root, id));
}

/** State of a record. */
export function describe(deps: RuncDeps, record: ContainerRecord): ContainerState {
  const status = statusOf(deps, record);
  const annotations = record.spec.annotations;
  return {
    ociVersion: record.spec.ociVersion,
    id: record.id,
    pid: status === "stopped" ? 0 : record.pid,
    status,
    bundle: record.bundle,
    rootfs: record.rootfs,
    created: record.created,
    ...(annotations === undefined ? {} : { annotations }),
    owner: ownerName(record.owner),
  };
}

/** Name of a user of this machine, `#<uid>` if it has none, as runc. */
function ownerName(uid: number): string {
  try {
    const entry = parsePasswd(readFileSync("/etc/passwd", "utf8")).find((e) => e.uid === uid);
    return entry?.name ?? `#${uid}`;
  } catch {
    return `#${uid}`;
  }
}
