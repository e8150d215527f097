/**
 * Execs: further processes in a running container.
 *
 * Source: moby `daemon/exec.go`, `daemon/container/exec.go` (texts).
 *
 * @module
 */
import type { AttachStream, ExecsApi, OutputChunk, TerminalSize } from "../api/engine.ts";
import type { ExecCreateRequest, ExecInspectResponse, ExecStartRequest } from "../api/types/index.ts";
import { attachToStreams } from "../container/attach.ts";
import { containerCapabilities } from "../container/capabilities.ts";
import { type ContainerDeps, fifoDir, publishContainer } from "../container/deps.ts";
import { containerEnvironment, mergeEnvironment } from "../container/environment.ts";
import type { ProbeResult } from "../container/health.ts";
import { drain, fifoPaths, makeFifos, openProcessIo, type ProcessIo, removeFifos } from "../container/io.ts";
import { newId } from "../container/names.ts";
import { capabilitySets, rlimits } from "../container/oci_spec.ts";
import type { Container } from "../container/record.ts";
import { parseSecurityOptions } from "../container/security_opt.ts";
import { jsonAny } from "../container/start.ts";
import { startFailure } from "../container/start_error.ts";
import { ProcessStreams } from "../container/streams.ts";
import { resolveUser } from "../container/user.ts";
import { ConflictError, hasCode, noSuchExec } from "../errors.ts";
import { NAMESPACE } from "../image/contents.ts";
import type { Process } from "../oci.ts";
import { layersOf, readTextFile } from "../rootfs/layers.ts";

/** Type of an OCI process in an Any. */
const PROCESS_TYPE = "types.containerd.io/opencontainers/runtime-spec/1/Process";

/** Exit code of an exec that failed before the runtime was asked. */
const CANNOT_INVOKE = 126;

/** How long an exec that has ended can be inspected. Milliseconds. */
const KEPT_MS = 5 * 60_000;

/** An exec. */
interface Exec {
  readonly id: string;
  readonly container: Container;
  readonly request: ExecCreateRequest;
  readonly streams: ProcessStreams;
  state: "created" | "running" | "ended";
  pid: number;
  exitCode: number | null;
  io: ProcessIo | undefined;
}

/** The execs of the engine. */
export interface ExecStore extends ExecsApi {
  /** A process of a container has ended. */
  handleExit(containerId: string, execId: string, exitStatus: number): Promise<void>;
  /** Brings execs that the engine thinks running in step with their processes. */
  reconcile(): Promise<void>;
  /** Runs a command and waits for it. */
  probe(container: Container, command: readonly string[], timeoutMs: number): Promise<ProbeResult>;
}

/** Refuses a container that cannot run a further process. @throws `CONFLICT` with Docker's text. */
function requireUsable(container: Container): void {
  const { State } = container.record;
  if (!State.Running) throw new ConflictError(`container ${container.id} is not running`);
  if (State.Paused)
    throw new ConflictError(`container ${container.id} is paused, unpause the container before exec`);
  if (State.Restarting) {
    throw new ConflictError(`container ${container.id} is restarting, wait until the container is running`);
  }
}

/** The OCI process of an exec. */
async function execProcess(deps: ContainerDeps, exec: Exec, size: readonly number[]): Promise<Process> {
  const { container, request } = exec;
  const { hostConfig, record } = container;
  const mounts = await deps.containerd.snapshots.mounts(
    { snapshotter: deps.config.snapshotter, key: container.id },
    { namespace: NAMESPACE },
  );
  const layers = layersOf(mounts);
  const [passwd, group] = await Promise.all([
    readTextFile(layers, "/etc/passwd"),
    readTextFile(layers, "/etc/group"),
  ]);
  const user = resolveUser(
    request.User || record.Config.User || "",
    { passwd, group },
    hostConfig.GroupAdd ?? [],
  );
  const privileged = request.Privileged === true || hostConfig.Privileged === true;
  const bounding = privileged
    ? deps.facts.capabilities
    : containerCapabilities({
        add: hostConfig.CapAdd ?? [],
        drop: hostConfig.CapDrop ?? [],
        privileged: false,
        available: deps.facts.capabilities,
      });
  const [height = 0, width = 0] = size;
  const limits = rlimits(hostConfig.Ulimits);
  const terminal = request.Tty ? mergeEnvironment(["TERM=xterm"], request.Env ?? []) : (request.Env ?? []);
  return {
    ...(request.Tty ? { terminal: true } : {}),
    ...(request.Tty && height > 0 && width > 0 ? { consoleSize: { height, width } } : {}),
    user,
    args: [...(request.Cmd ?? [])],
    env: mergeEnvironment(containerEnvironment(record.Config), terminal),
    cwd: request.WorkingDir || record.Config.WorkingDir || "/",
    capabilities: capabilitySets(bounding, user.uid),
    ...(limits.length === 0 ? {} : { rlimits: limits }),
    ...(parseSecurityOptions(hostConfig.SecurityOpt ?? []).noNewPrivileges ? { noNewPrivileges: true } : {}),
    oomScoreAdj: hostConfig.OomScoreAdj ?? 0,
  };
}

/** Makes the store. */
export function createExecs(deps: ContainerDeps): ExecStore {
  const execs = new Map<string, Exec>();
  const call = { namespace: NAMESPACE };

  const get = (id: string): Exec => {
    const found = execs.get(id) ?? byPrefix(id);
    if (found === undefined) throw noSuchExec(id);
    return found;
  };
  const byPrefix = (id: string): Exec | undefined => {
    if (!/^[0-9a-f]{12,}$/.test(id)) return undefined;
    const matches = [...execs.values()].filter((exec) => exec.id.startsWith(id));
    return matches.length === 1 ? matches[0] : undefined;
  };
  const attributes = (exec: Exec): Record<string, string> => ({ execID: exec.id });
  const forget = (exec: Exec): void => {
    const timer = setTimeout(() => {
      execs.delete(exec.id);
      exec.container.execs.delete(exec.id);
    }, KEPT_MS);
    timer.unref();
  };

  const create = (container: Container, request: ExecCreateRequest): Exec => {
    requireUsable(container);
    const exec: Exec = {
      id: newId(),
      container,
      request,
      streams: new ProcessStreams(),
      state: "created",
      pid: 0,
      exitCode: null,
      io: undefined,
    };
    execs.set(exec.id, exec);
    container.execs.add(exec.id);
    publishContainer(deps, container, `exec_create: ${(request.Cmd ?? []).join(" ")}`, attributes(exec));
    return exec;
  };

  const run = async (exec: Exec, start: ExecStartRequest): Promise<void> => {
    const { container, request } = exec;
    if (exec.state === "ended") throw new ConflictError(`exec command ${exec.id} has already run`);
    if (exec.state === "running") throw new ConflictError(`exec command ${exec.id} is already running`);
    requireUsable(container);
    exec.state = "running";
    publishContainer(deps, container, `exec_start: ${(request.Cmd ?? []).join(" ")}`, attributes(exec));
    const ref = { containerId: container.id, execId: exec.id };
    const fifos = fifoPaths({
      dir: fifoDir(deps, container.id),
      name: exec.id,
      stdin: request.AttachStdin === true,
      tty: request.Tty === true,
    });
    let io: ProcessIo | undefined;
    let asked = false;
    try {
      const [process] = await Promise.all([
        execProcess(deps, exec, start.ConsoleSize ?? request.ConsoleSize ?? []),
        makeFifos(deps.kernel, fifoDir(deps, container.id), fifos),
      ]);
      io = openProcessIo(
        fifos,
        exec.streams,
        () => {},
        () => deps.containerd.tasks.closeIo({ ...ref, stdin: true }, call),
      );
      exec.io = io;
      asked = true;
      await deps.containerd.tasks.exec({ ...ref, spec: jsonAny(PROCESS_TYPE, process), ...fifos }, call);
      const { pid } = await deps.containerd.tasks.start(ref, call);
      exec.pid = pid;
      await io.release();
    } catch (err) {
      const { exitCode, error } = startFailure(err, asked);
      exec.exitCode = asked ? exitCode : CANNOT_INVOKE;
      await deps.containerd.tasks.deleteProcess(ref, call).catch(() => {});
      await end(exec, io, fifos);
      throw error;
    }
  };

  const end = async (exec: Exec, io: ProcessIo | undefined, fifos: ProcessIo["paths"]): Promise<void> => {
    exec.state = "ended";
    exec.pid = 0;
    exec.io = undefined;
    await io?.close();
    exec.streams.end();
    await removeFifos(fifos);
    forget(exec);
  };

  const attach = (exec: Exec, detachKeys?: string): AttachStream => {
    const { request } = exec;
    return attachToStreams({
      streams: exec.streams,
      tty: request.Tty === true,
      stdin: request.AttachStdin === true,
      wanted: { stdout: request.AttachStdout === true, stderr: request.AttachStderr === true },
      closesInput: true,
      detachKeys: detachKeys ?? request.DetachKeys,
      onDetach: () => publishContainer(deps, exec.container, "exec_detach", attributes(exec)),
    });
  };

  const handleExit = async (exec: Exec, exitStatus: number): Promise<void> => {
    if (exec.state === "ended") return;
    const ref = { containerId: exec.container.id, execId: exec.id };
    exec.exitCode ??= exitStatus;
    const { io } = exec;
    if (io !== undefined) {
      await drain(io);
      await end(exec, io, io.paths);
    }
    await deps.containerd.tasks.deleteProcess(ref, call).catch((err) => {
      if (!hasCode(err, "NOT_FOUND")) deps.log.warn("cannot delete exec", { ...ref, err });
    });
    publishContainer(deps, exec.container, "exec_die", { ...attributes(exec), exitCode: String(exitStatus) });
  };

  return {
    create: async (container, request) => ({ Id: create(deps.store.get(container), request).id }),
    async start(id, start = {}, options = {}) {
      const exec = get(id);
      const attached = attach(exec, options.detachKeys);
      try {
        await run(exec, start);
        return attached;
      } catch (err) {
        await attached[Symbol.asyncDispose]();
        throw err;
      }
    },
    async startDetached(id, start = {}) {
      await run(get(id), start);
    },
    async inspect(id): Promise<ExecInspectResponse> {
      const exec = get(id);
      const { request } = exec;
      const [entrypoint = "", ...rest] = request.Cmd ?? [];
      return {
        ID: exec.id,
        Running: exec.state === "running",
        ExitCode: exec.exitCode,
        ProcessConfig: {
          tty: request.Tty === true,
          entrypoint,
          arguments: rest,
          privileged: request.Privileged === true,
          ...(request.User ? { user: request.User } : {}),
        },
        OpenStdin: request.AttachStdin === true,
        OpenStderr: request.AttachStderr === true,
        OpenStdout: request.AttachStdout === true,
        CanRemove: exec.state === "ended",
        ContainerID: exec.container.id,
        DetachKeys: "",
        Pid: exec.pid,
      };
    },
    async resize(id, { height, width }: TerminalSize) {
      const exec = get(id);
      await deps.containerd.tasks.resizePty(
        { containerId: exec.container.id, execId: exec.id, height, width },
        call,
      );
    },
    async handleExit(containerId, execId, exitStatus) {
      const exec = execs.get(execId);
      if (exec?.container.id === containerId) await handleExit(exec, exitStatus);
    },
    async reconcile() {
      const running = [...execs.values()].filter((exec) => exec.state === "running" && exec.pid > 0);
      await Promise.all(
        running.map(async (exec) => {
          const ref = { containerId: exec.container.id, execId: exec.id };
          const process = await deps.containerd.tasks.get(ref, call).catch((err) => {
            if (hasCode(err, "NOT_FOUND")) return null;
            throw err;
          });
          if (process === null) await handleExit(exec, 137);
          else if (process.status === "stopped") await handleExit(exec, process.exitStatus);
        }),
      );
    },
    async probe(container, command, timeoutMs) {
      const exec = create(container, { AttachStdout: true, AttachStderr: true, Cmd: [...command] });
      const output = exec.streams.subscribe({ stdout: true, stderr: true });
      await run(exec, {});
      const ref = { containerId: container.id, execId: exec.id };
      const timer = setTimeout(() => {
        exec.exitCode = -1;
        void deps.containerd.tasks.kill({ ...ref, signal: 9 }, call).catch(() => {});
      }, timeoutMs);
      try {
        return { output: await textOf(output), exitCode: exec.exitCode ?? -1 };
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** All output as text. */
async function textOf(output: AsyncIterable<OutputChunk>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const { data } of output) parts.push(data);
  return Buffer.concat(parts).toString("utf8");
}
