/**
 * Exec: adds a process to a container; it is started by Start.
 *
 * @module
 */
import { messageOf, type Process, RtError } from "@rt/runc/oci";
import type { ExecProcessRequest } from "../api/task_service.ts";
import type { Task } from "./task.ts";

/**
 * Adds the process of `request`.
 *
 * @throws {RtError} `ALREADY_EXISTS` for an id in use; `INVALID_ARGUMENT` for a bad id or process;
 *   `FAILED_PRECONDITION` if init has ended.
 */
export async function addExec(task: Task, request: ExecProcessRequest): Promise<void> {
  const { record } = task;
  const { execId, stdin, stdout, stderr, terminal } = request;
  if (!/^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$/.test(execId) || execId.length > 76)
    throw new RtError(
      "INVALID_ARGUMENT",
      `identifier "${execId}" must match ^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$: invalid argument`,
    );
  if (record.execs.some((p) => p.execId === execId))
    throw new RtError("ALREADY_EXISTS", `id ${execId}: already exists`);
  if (record.init.phase === "stopped")
    throw new RtError("FAILED_PRECONDITION", "cannot exec in a stopped state: failed precondition");
  const process: Process = { ...parseProcess(request), terminal };
  record.execs.push({
    execId,
    stdio: { stdin, stdout, stderr, terminal },
    phase: "added",
    pid: 0,
    exitsFrom: 0,
    holds: {},
    process,
  });
  task.emit({ topic: "/tasks/exec-added", containerId: task.id, execId });
  task.save();
}

/** @throws {RtError} `INVALID_ARGUMENT` if the spec is not a JSON object. */
function parseProcess({ spec }: ExecProcessRequest): Process {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(spec.value));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Process;
    throw new TypeError("not an object");
  } catch (err) {
    throw new RtError("INVALID_ARGUMENT", `cannot read process: ${messageOf(err)}`, { cause: err });
  }
}
