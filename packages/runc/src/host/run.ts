/**
 * Runs a launch program to its end and collects what it reports.
 *
 * @module
 */
import { LaunchError, SyscallError } from "../errors.ts";
import type { Program } from "../launch/program.ts";
import type { ExitStatus, Kernel, LaunchOptions, TraceStep } from "./kernel.ts";

/** Options of {@linkcode run}. */
export interface RunOptions extends LaunchOptions {
  /** Receives the time stamps of a traced program. */
  readonly onTrace?: (steps: readonly TraceStep[]) => void;
}

/** What a launch program left behind. */
export interface RunResult extends ExitStatus {
  /** Process id it had. */
  readonly pid: number;
  /** Reported numbers, by tag; the last of each. */
  readonly values: ReadonlyMap<number, bigint>;
  /** Reported bytes, by tag; those of one tag joined. */
  readonly data: ReadonlyMap<number, Uint8Array>;
}

/**
 * Launches `program` and resolves when its process has ended, whatever its exit code.
 *
 * @throws {SyscallError} if a step failed, naming it: the first failure that any of its processes reported.
 * @throws {LaunchError} `UNAVAILABLE` if it could not be started; `INTERNAL` if a signal killed it; `CANCELED` by `signal`.
 */
export async function run(kernel: Kernel, program: Program, options: RunOptions = {}): Promise<RunResult> {
  const launch = await kernel.launch(program, options);
  const values = new Map<number, bigint>();
  const pieces = new Map<number, Uint8Array[]>();
  let failure: SyscallError | undefined;
  for await (const record of launch.records) {
    if (record.kind === "value") values.set(record.tag, record.value);
    else if (record.kind === "trace") options.onTrace?.(record.steps);
    else if (record.kind === "failure")
      failure ??= new SyscallError(record.name, record.syscall, record.errno);
    else {
      const known = pieces.get(record.tag);
      if (known === undefined) pieces.set(record.tag, [record.bytes]);
      else known.push(record.bytes);
    }
  }
  const status = await launch.exited;
  if (failure !== undefined) throw failure;
  if (options.signal?.aborted === true)
    throw new LaunchError("CANCELED", "cannot run launch program: canceled");
  if (status.signal !== 0) {
    throw new LaunchError("INTERNAL", `cannot run launch program: killed by signal ${status.signal}`);
  }
  const data = new Map([...pieces].map(([tag, parts]) => [tag, join(parts)]));
  return { ...status, pid: launch.pid, values, data };
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
