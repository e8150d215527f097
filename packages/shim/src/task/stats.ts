/**
 * Stats: resource use of a container.
 *
 * @module
 */
import { RtError } from "@rt/runc/oci";
import { metricsV1, metricsV2 } from "../api/metrics.ts";
import type { TypedValue } from "../api/typed_value.ts";
import { cgroupFilesOf } from "../host/cgroup_files.ts";
import type { Task } from "./task.ts";

/** What the container uses now. @throws {RtError} `NOT_FOUND` in the peer's words if it has ended. */
export function statsOf(task: Task): TypedValue {
  const { init } = task.record;
  const files = init.exit === undefined ? cgroupFilesOf(init.pid) : undefined;
  if (files === undefined) throw new RtError("NOT_FOUND", "cgroup does not exist: not found");
  return files.version === 1 ? metricsV1(files.read) : metricsV2(files.read);
}
