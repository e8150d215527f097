/**
 * Attaches a client to a container: output from now on (and what was logged before, if asked), input to it.
 *
 * Source: moby `daemon/attach.go`, `daemon/internal/stream/attach.go`.
 *
 * @module
 */
import type { AttachOptions, AttachStream, OutputChunk } from "../api/engine.ts";
import { ConflictError } from "../errors.ts";
import { readLog } from "../logger/open.ts";
import { type ContainerDeps, containerPaths, publishContainer } from "./deps.ts";
import { createDetachFilter } from "./detach_keys.ts";
import type { Container } from "./record.ts";
import type { ProcessStreams, WantedOutput } from "./streams.ts";

/** What an attachment to streams depends on. */
export interface StreamsAttachment {
  readonly streams: ProcessStreams;
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly wanted: WantedOutput;
  /** Whether the end of this client's input is the end of the process's. */
  readonly closesInput: boolean;
  readonly detachKeys: string | undefined;
  /** Chunks that come before those of the streams. */
  readonly before?: AsyncIterable<OutputChunk>;
  readonly onDetach?: () => void;
}

/** A client's connection to the streams of a process. */
export function attachToStreams(request: StreamsAttachment): AttachStream {
  const { streams, tty, stdin, wanted, before } = request;
  const subscription = streams.subscribe(wanted);
  let detached = false;
  const detach = (): void => {
    if (detached) return;
    detached = true;
    void subscription.return?.();
    request.onDetach?.();
  };
  const filter = tty ? createDetachFilter(request.detachKeys, detach) : undefined;
  async function* output(): AsyncGenerator<OutputChunk> {
    if (before !== undefined) yield* before;
    yield* subscription;
  }
  return {
    tty,
    output: before === undefined ? subscription : output(),
    async write(data) {
      if (!stdin || detached) return;
      const passed = filter === undefined ? data : filter(data);
      if (passed.length > 0) await streams.write(passed);
    },
    async closeInput() {
      if (stdin && request.closesInput && !detached) await streams.close();
    },
    async [Symbol.asyncDispose]() {
      await subscription.return?.();
      if (stdin && request.closesInput && !tty && !detached) await streams.close();
    },
  };
}

/** Attaches to a container; it need not run yet. @throws `CONFLICT` with Docker's text if it is paused. */
export function attachContainer(
  deps: ContainerDeps,
  container: Container,
  options: AttachOptions = {},
): AttachStream {
  const { record } = container;
  if (record.State.Paused) {
    throw new ConflictError(`container ${container.id} is paused, unpause the container before attach`);
  }
  if (record.State.Restarting) {
    throw new ConflictError(`container ${container.id} is restarting, wait until the container is running`);
  }
  const tty = record.Config.Tty === true;
  const wanted = { stdout: options.stdout === true, stderr: options.stderr === true };
  const before = options.logs ? loggedOutput(deps, container, wanted) : undefined;
  publishContainer(deps, container, "attach");
  return attachToStreams({
    streams: container.streams,
    tty,
    stdin: options.stdin === true && record.Config.OpenStdin === true && options.stream === true,
    wanted: options.stream === true ? wanted : { stdout: false, stderr: false },
    closesInput: record.Config.StdinOnce === true,
    detachKeys: options.detachKeys,
    ...(before === undefined ? {} : { before }),
    onDetach: () => publishContainer(deps, container, "detach"),
  });
}

/** What the log has at this moment. */
async function* loggedOutput(
  deps: ContainerDeps,
  container: Container,
  wanted: WantedOutput,
): AsyncGenerator<OutputChunk> {
  const entries =
    container.log?.read({}) ??
    readLog(container.hostConfig.LogConfig ?? {}, containerPaths(deps, container).log, {});
  for await (const { stream, line } of entries) if (wanted[stream]) yield { stream, data: line };
}
