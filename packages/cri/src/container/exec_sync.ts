/**
 * ExecSync: runs a command in a container and resolves with its output and exit code.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { AttachStream, ExecInspectResponse } from "@rt/dockerd/api";
import type { CallOptions } from "../api/cri.ts";
import { ContainerState, type ExecSyncRequest } from "../api/types.ts";
import {
  addClause,
  ContainerNotFoundError,
  ExecTimeoutError,
  InvalidRequestError,
  WrongStateError,
} from "../errors.ts";
import type { Processes } from "../host/processes.ts";
import type { EngineDeps } from "../sandbox/find.ts";
import { findContainer, stateName, stateOf } from "./find.ts";
import { OutputBuffer } from "./output_buffer.ts";

/** What {@linkcode execSync} needs. */
export interface ExecDeps extends EngineDeps {
  readonly processes: Processes;
}

/** What a command did. */
export interface ExecResult {
  stdout: Uint8Array;
  stderr: Uint8Array;
  exitCode: number;
}

const POLL_MIN_MS = 5;
const POLL_MAX_MS = 100;

/**
 * Runs a command. Of each stream the first 16 MiB are kept, the rest is dropped.
 *
 * @throws {ContainerNotFoundError} `NOT_FOUND`.
 * @throws {WrongStateError} `FAILED_PRECONDITION` if the container does not run.
 * @throws {InvalidRequestError} `INVALID_ARGUMENT` without a command.
 * @throws {ExecTimeoutError} `DEADLINE_EXCEEDED`; the command has been killed, as it is when the call is cancelled.
 */
export async function execSync(
  deps: ExecDeps,
  request: ExecSyncRequest,
  options: CallOptions,
): Promise<ExecResult> {
  const { containerId, cmd } = request;
  const seconds = Number(request.timeout > 0n ? request.timeout : 0n);
  const found = await findContainer(deps, containerId, options);
  if (found === undefined) {
    const id = JSON.stringify(containerId);
    throw new ContainerNotFoundError(`failed to exec in container: failed to find container ${id} in store`);
  }
  const state = stateOf(found.State);
  if (state !== ContainerState.CONTAINER_RUNNING) {
    throw new WrongStateError(`failed to exec in container: container is in ${stateName(state)} state`);
  }
  if (cmd.length === 0) throw new InvalidRequestError("failed to exec in container: no command");
  const timeout = seconds === 0 ? undefined : AbortSignal.timeout(Math.min(seconds * 1000, 2 ** 31 - 1));
  const signal = AbortSignal.any([timeout, options.signal].filter((s) => s !== undefined));
  try {
    return await run(deps, found.Id, cmd, signal);
  } catch (err) {
    if (timeout?.aborted) throw new ExecTimeoutError(seconds, { cause: err });
    throw addClause("failed to exec in container", err);
  }
}

async function run(deps: ExecDeps, id: string, cmd: string[], signal: AbortSignal): Promise<ExecResult> {
  const { execs } = deps.engine;
  const request = { AttachStdout: true, AttachStderr: true, Cmd: cmd };
  const exec = await execs.create(id, request, { signal });
  // Not with the signal: a start that is cut off could leave a command behind that nobody knows of.
  await using stream = await execs.start(exec.Id);
  try {
    const output = await untilAborted(collect(stream), signal);
    const { ExitCode } = await ended(deps, exec.Id, signal);
    return { ...output, exitCode: ExitCode ?? 0 };
  } catch (err) {
    if (signal.aborted) await kill(deps, exec.Id);
    throw err;
  }
}

async function collect(stream: AttachStream): Promise<{ stdout: Uint8Array; stderr: Uint8Array }> {
  const stdout = new OutputBuffer();
  const stderr = new OutputBuffer();
  for await (const chunk of stream.output) (chunk.stream === "stderr" ? stderr : stdout).add(chunk.data);
  return { stdout: stdout.bytes(), stderr: stderr.bytes() };
}

/** Resolves when the command has ended, which may be after it has closed its output. */
async function ended({ engine }: ExecDeps, exec: string, signal: AbortSignal): Promise<ExecInspectResponse> {
  for (let wait = POLL_MIN_MS; ; wait = Math.min(2 * wait, POLL_MAX_MS)) {
    const found = await engine.execs.inspect(exec, { signal });
    if (!found.Running && found.ExitCode !== null) return found;
    await sleep(wait, undefined, { signal });
  }
}

/** Kills the command; its process may still be about to appear. */
async function kill(deps: ExecDeps, exec: string): Promise<void> {
  for (let wait = POLL_MIN_MS; wait <= 20 * POLL_MAX_MS; wait *= 2) {
    const { Running, Pid } = await deps.engine.execs.inspect(exec);
    if (!Running) return;
    if (Pid > 0) deps.processes.kill(Pid);
    await sleep(wait);
  }
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
