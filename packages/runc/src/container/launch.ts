/**
 * Starting a launch program and following its reports until the container's process is ready.
 *
 * @module
 */
import type { ExitStatus, ParentMode, ProcessIo, StdioStream } from "../api/oci_runtime.ts";
import { StartProcessError } from "../errors.ts";
import { HOOK_OUTPUT_TAG } from "../hooks/emit.ts";
import type { Kernel, Launch, LaunchRecord, StdioEntry } from "../host/kernel.ts";
import { TAG } from "../init/parent.ts";
import type { Program } from "../launch/program.ts";
import { startError } from "./failure.ts";

/** What {@linkcode launchProcess} needs to know. */
export interface LaunchRequest {
  readonly program: Program;
  readonly io: ProcessIo | undefined;
  readonly mode: ParentMode;
  readonly signal?: AbortSignal | undefined;
  /** The process exists. */
  readonly onPid?: (pid: number) => void;
  /** The process waits while the runtime's hooks run. */
  readonly onHooks?: (pid: number) => Promise<void>;
}

/** A process that is ready. */
export interface ReadyLaunch {
  readonly pid: number;
  readonly launch: Launch;
  /** Only if the launching process stays. */
  readonly exited?: Promise<ExitStatus>;
}

function entry(stream: StdioStream | undefined, isInput: boolean): StdioEntry {
  switch (stream?.kind) {
    case undefined:
    case "null":
      return "ignore";
    case "inherit":
      return "inherit";
    case "fd":
      return stream.fd;
    case "file":
      return { path: stream.path, access: isInput ? "read" : stream.append === true ? "append" : "write" };
  }
}

/** Entries for fds 0 to 2. */
export function stdioEntries(io: ProcessIo | undefined): [StdioEntry, StdioEntry, StdioEntry] {
  return [entry(io?.stdin, true), entry(io?.stdout, false), entry(io?.stderr, false)];
}

/**
 * Launches, and resolves when the process waits to be started or has executed its program.
 *
 * @throws {StartProcessError} naming the step that failed; the process is gone then.
 */
export async function launchProcess(kernel: Kernel, request: LaunchRequest): Promise<ReadyLaunch> {
  const launch = await kernel.launch(request.program, {
    stdio: stdioEntries(request.io),
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  });
  const follower = new Follower(request);
  const records = launch.records[Symbol.asyncIterator]();
  for (;;) {
    const next = await records.next();
    if (next.done === true) break;
    await follower.take(next.value);
    if (follower.isReady) break;
  }
  follower.check();
  void drain(records);
  const exited = request.mode === "stay" ? { exited: launch.exited.then(asShell) } : {};
  return { pid: follower.pid, launch, ...exited };
}

/** What the reports say so far. */
class Follower {
  pid = 0;
  isReady = false;
  readonly #request: LaunchRequest;
  #failure: Extract<LaunchRecord, { kind: "failure" }> | undefined;
  #hookStatus = 0;
  #hooksDue = false;
  #hookOutput = "";

  constructor(request: LaunchRequest) {
    this.#request = request;
  }

  async take(record: LaunchRecord): Promise<void> {
    if (record.kind === "failure") this.#failure ??= record;
    else if (record.kind === "data" && record.tag === HOOK_OUTPUT_TAG) {
      this.#hookOutput += new TextDecoder().decode(record.bytes);
    } else if (record.kind === "value") await this.#value(record.tag, Number(record.value));
  }

  /** Throws what was reported. */
  check(): void {
    if (this.#failure !== undefined) {
      const hook = { status: this.#hookStatus, output: this.#hookOutput };
      throw startError({ record: this.#failure, hook });
    }
    if (!this.isReady || this.pid === 0) {
      throw new StartProcessError("INTERNAL", "the launching process ended without a report");
    }
  }

  async #value(tag: number, value: number): Promise<void> {
    if (tag === HOOK_OUTPUT_TAG) this.#hookStatus = value;
    else if (tag === TAG.ready) this.isReady = true;
    else if (tag === TAG.hooks) this.#hooksDue = true;
    else if (tag === TAG.pid) {
      this.pid = value;
      this.#request.onPid?.(value);
    }
    // The two come from two processes, in any order.
    if (this.#hooksDue && this.pid !== 0) {
      this.#hooksDue = false;
      await this.#request.onHooks?.(this.pid);
    }
  }
}

async function drain(records: AsyncIterator<LaunchRecord>): Promise<void> {
  while ((await records.next()).done !== true);
}

/** 128 + signal, as shells count. */
function asShell(status: ExitStatus): ExitStatus {
  return status.signal === 0 ? status : { code: 128 + status.signal, signal: status.signal };
}
