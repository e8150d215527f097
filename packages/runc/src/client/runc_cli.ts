/**
 * RuncCli: any OCI runtime binary as an {@linkcode OciRuntime}.
 *
 * The binary is executed by launch programs, so whoever runs those (this process, a monitor) is its parent, and the
 * container's nearest subreaper. Its words are runc's: `--root`, `--log`, `--log-format json`; of its log the last
 * record of level error is the error. Source: containerd/go-runc runc.go, utils.go.
 *
 * @module
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type {
  CallOptions,
  ConsoleTarget,
  ContainerRequest,
  ContainerState,
  CreateRequest,
  DeleteRequest,
  ExecRequest,
  KillRequest,
  LaunchedProcess,
  OciRuntime,
  ProcessIo,
  UpdateRequest,
} from "../api/oci_runtime.ts";
import { stdioEntries } from "../container/launch.ts";
import { type ErrorCode, InvalidRequestError, RuntimeBinaryError } from "../errors.ts";
import type { Kernel, Launch, StdioEntry } from "../host/kernel.ts";
import { ProgramBuilder } from "../launch/program.ts";
import { CONSOLE_TAGS, consoleSocketProgram } from "../launch/relay_program.ts";
import type { Features } from "../oci.ts";
import { formatJson } from "../oci.ts";

/** Options of {@linkcode RuncCli}. */
export interface RuncCliOptions {
  /** Runs the binary. */
  readonly kernel: Kernel;
  /** Absolute path of the binary, e.g. `/usr/sbin/runc`. */
  readonly binary: string;
  /** Words before the binary's own options, e.g. a script that an engine is to run. @default {[]} */
  readonly binaryArgs?: readonly string[];
  /** The binary's `--root`. @default {the binary's own} */
  readonly root?: string;
  /** Directory for short-lived files; private. @default {"/run"} */
  readonly scratch?: string;
  /** Environment of the binary, `NAME=value`. @default {a plain PATH} */
  readonly env?: readonly string[];
  /** `--systemd-cgroup`. @default {false} */
  readonly systemdCgroup?: boolean;
}

const DEFAULT_ENV = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"];
const PID_POLL_MS = 2;

/** What the binary's words mean. The first that matches counts. */
const MEANINGS: readonly (readonly [text: RegExp, code: ErrorCode])[] = [
  [/does not exist|error opening file .*status.*No such file/i, "NOT_FOUND"],
  [/already exists|container with id exists/i, "ALREADY_EXISTS"],
  [
    /not running|already finished|no such process|cannot (start|exec|delete|pause|resume)|not stopped|not paused|stopped/i,
    "FAILED_PRECONDITION",
  ],
  [/permission denied|operation not permitted/i, "PERMISSION_DENIED"],
  [/not found|no such file or directory/i, "NOT_FOUND"],
  [/invalid|must|unknown signal|cannot unmarshal|json/i, "INVALID_ARGUMENT"],
];

/** Drives an OCI runtime binary. */
export class RuncCli implements OciRuntime {
  readonly #options: RuncCliOptions;

  /** Uses `options`; nothing is done yet. */
  constructor(options: RuncCliOptions) {
    this.#options = options;
  }

  /** {@inheritDoc OciRuntime.create} The process's end is seen by the nearest subreaper alone. */
  async create(request: CreateRequest, options: CallOptions = {}): Promise<LaunchedProcess> {
    return this.#withScratch(async (scratch) => {
      const pidFile = request.pidFile ?? join(scratch, "pid");
      const bundle = resolve(request.bundle);
      if (request.spec !== undefined) {
        throw new InvalidRequestError("a runtime binary reads config.json from the bundle");
      }
      const args = ["create", "--bundle", bundle, "--pid-file", pidFile];
      if (request.noPivot === true) args.push("--no-pivot");
      if (request.noNewKeyring === true) args.push("--no-new-keyring");
      args.push(...(await this.#console(request.io, scratch)), request.id);
      await this.#run(scratch, args, { io: request.io, call: options });
      return { pid: Number(readFileSync(pidFile, "utf8")) };
    });
  }

  /** {@inheritDoc OciRuntime.start} */
  start(request: ContainerRequest, options: CallOptions = {}): Promise<void> {
    return this.#plain(["start", request.id], options);
  }

  /** {@inheritDoc OciRuntime.exec} With `parent: "stay"` the binary itself stays and `exited` is its status. */
  async exec(request: ExecRequest, options: CallOptions = {}): Promise<LaunchedProcess> {
    const scratch = this.#makeScratch();
    const pidFile = request.pidFile ?? join(scratch, "pid");
    const stays = request.parent === undefined || request.parent === "stay";
    try {
      const file = join(scratch, "process.json");
      writeFileSync(file, formatJson(request.process), { mode: 0o600 });
      const args = ["exec", "--process", file, "--pid-file", pidFile];
      if (!stays) args.push("--detach");
      if (request.ignorePaused === true) args.push("--ignore-paused");
      if (request.cgroup !== undefined) args.push("--cgroup", request.cgroup);
      args.push(...(await this.#console(request.io, scratch)), request.id);
      if (!stays) {
        await this.#run(scratch, args, { io: request.io, call: options });
        rmSync(scratch, { recursive: true, force: true });
        return { pid: Number(readFileSync(pidFile, "utf8")) };
      }
      const launch = await this.#launch(scratch, args, stdioEntries(request.io), options);
      const pid = await this.#awaitPid(scratch, launch, pidFile);
      const exited = launch.exited.then((status) => {
        rmSync(scratch, { recursive: true, force: true });
        return status.signal === 0 ? status : { code: 128 + status.signal, signal: status.signal };
      });
      return { pid, exited };
    } catch (err) {
      rmSync(scratch, { recursive: true, force: true });
      throw err;
    }
  }

  /** {@inheritDoc OciRuntime.state} */
  async state(request: ContainerRequest, options: CallOptions = {}): Promise<ContainerState> {
    return JSON.parse(await this.#output(["state", request.id], options)) as ContainerState;
  }

  /** {@inheritDoc OciRuntime.list} */
  async list(options: CallOptions = {}): Promise<readonly ContainerState[]> {
    const all = JSON.parse(await this.#output(["list", "--format", "json"], options)) as
      | ContainerState[]
      | null;
    return (all ?? []).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** {@inheritDoc OciRuntime.kill} */
  kill(request: KillRequest, options: CallOptions = {}): Promise<void> {
    const all = request.all === true ? ["--all"] : [];
    return this.#plain(["kill", ...all, request.id, String(request.signal ?? "SIGTERM")], options);
  }

  /** {@inheritDoc OciRuntime.delete} */
  delete(request: DeleteRequest, options: CallOptions = {}): Promise<void> {
    return this.#plain(["delete", ...(request.force === true ? ["--force"] : []), request.id], options);
  }

  /** {@inheritDoc OciRuntime.pause} */
  pause(request: ContainerRequest, options: CallOptions = {}): Promise<void> {
    return this.#plain(["pause", request.id], options);
  }

  /** {@inheritDoc OciRuntime.resume} */
  resume(request: ContainerRequest, options: CallOptions = {}): Promise<void> {
    return this.#plain(["resume", request.id], options);
  }

  /** {@inheritDoc OciRuntime.update} */
  update(request: UpdateRequest, options: CallOptions = {}): Promise<void> {
    return this.#withScratch(async (scratch) => {
      const file = join(scratch, "resources.json");
      writeFileSync(file, formatJson(request.resources), { mode: 0o600 });
      await this.#run(scratch, ["update", "--resources", file, request.id], { call: options });
    });
  }

  /** {@inheritDoc OciRuntime.ps} */
  async ps(request: ContainerRequest, options: CallOptions = {}): Promise<readonly number[]> {
    const pids = JSON.parse(await this.#output(["ps", "--format", "json", request.id], options)) as
      | number[]
      | null;
    return (pids ?? []).toSorted((a, b) => a - b);
  }

  /** {@inheritDoc OciRuntime.features} */
  async features(options: CallOptions = {}): Promise<Features> {
    return JSON.parse(await this.#output(["features"], options)) as Features;
  }

  /** A relay takes the terminal from the socket that the binary sends it to. */
  async #console(io: ProcessIo | undefined, scratch: string): Promise<string[]> {
    const target: ConsoleTarget | undefined = io?.console;
    if (target === undefined) return [];
    if (target.kind === "socket") return ["--console-socket", target.path];
    const socket = join(scratch, "console");
    const tty = "/dev/tty";
    const { kind, ...paths } = target;
    const ends = kind === "own" ? { stdin: tty, stdout: tty, ...paths } : paths;
    const relay = await this.#options.kernel.launch(consoleSocketProgram({ socket, ...ends }));
    for await (const record of relay.records) {
      if (record.kind === "value" && record.tag === CONSOLE_TAGS.listening) break;
    }
    return ["--console-socket", socket];
  }

  #plain(args: readonly string[], call: CallOptions): Promise<void> {
    return this.#withScratch((scratch) => this.#run(scratch, args, { call }));
  }

  #output(args: readonly string[], call: CallOptions): Promise<string> {
    return this.#withScratch(async (scratch) => {
      const file = join(scratch, "stdout");
      writeFileSync(file, "");
      const stdio: [StdioEntry, StdioEntry, StdioEntry] = [
        "ignore",
        { path: file, access: "write" },
        "ignore",
      ];
      await this.#run(scratch, args, { stdio, call });
      return readFileSync(file, "utf8");
    });
  }

  async #run(
    scratch: string,
    args: readonly string[],
    how: {
      readonly io?: ProcessIo | undefined;
      readonly stdio?: [StdioEntry, StdioEntry, StdioEntry];
      readonly call: CallOptions;
    },
  ): Promise<void> {
    const launch = await this.#launch(scratch, args, how.stdio ?? stdioEntries(how.io), how.call);
    for await (const record of launch.records) {
      if (record.kind === "failure") {
        throw new RuntimeBinaryError("UNAVAILABLE", `cannot ${record.name}: errno ${record.errno}`, -1);
      }
    }
    const { code, signal } = await launch.exited;
    if (code !== 0 || signal !== 0) throw this.#failure(scratch, args, code || 128 + signal);
  }

  #launch(
    scratch: string,
    args: readonly string[],
    stdio: [StdioEntry, StdioEntry, StdioEntry],
    call: CallOptions,
  ): Promise<Launch> {
    const { binary, binaryArgs = [], root, env = DEFAULT_ENV, systemdCgroup } = this.#options;
    const log = join(scratch, "log.json");
    const globals = [...(root === undefined ? [] : ["--root", root]), "--log", log, "--log-format", "json"];
    if (systemdCgroup === true) globals.push("--systemd-cgroup");
    const p = new ProgramBuilder();
    const argv = p.vector([binary, ...binaryArgs, ...globals, ...args]);
    p.sys("execve", [p.cstring(binary), argv, p.vector(env)], { name: `execute ${binary}` });
    return this.#options.kernel.launch(p.build(), {
      stdio,
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    });
  }

  async #awaitPid(scratch: string, launch: Launch, pidFile: string): Promise<number> {
    let status: { code: number; signal: number } | undefined;
    void launch.exited.then((s) => {
      status = s;
    });
    for (;;) {
      const ended = status;
      const pid = readPid(pidFile);
      if (pid !== undefined) return pid;
      if (ended !== undefined) throw this.#failure(scratch, ["exec"], ended.code || 128 + ended.signal);
      await sleep(PID_POLL_MS);
    }
  }

  #failure(scratch: string, args: readonly string[], exitCode: number): RuntimeBinaryError {
    const message = lastError(join(scratch, "log.json"));
    if (message === undefined) {
      const text = `cannot run ${this.#options.binary} ${args[0]}: exit status ${exitCode}`;
      return new RuntimeBinaryError("UNKNOWN", text, exitCode);
    }
    const code = MEANINGS.find(([text]) => text.test(message))?.[1] ?? "UNKNOWN";
    return new RuntimeBinaryError(code, message, exitCode);
  }

  #makeScratch(): string {
    return mkdtempSync(join(this.#options.scratch ?? "/run", "rt-runc-"));
  }

  async #withScratch<T>(body: (scratch: string) => Promise<T>): Promise<T> {
    const scratch = this.#makeScratch();
    try {
      return await body(scratch);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
}

function readPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, "utf8"));
    return pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Text of the last record of level error. */
function lastError(path: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  return text
    .split("\n")
    .flatMap((line) => {
      try {
        const record = JSON.parse(line) as { level?: string; msg?: string };
        return record.level === "error" && record.msg !== undefined ? [record.msg] : [];
      } catch {
        return [];
      }
    })
    .at(-1);
}
