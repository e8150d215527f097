/**
 * Logs of a container.
 *
 * Source: moby `daemon/logs.go`.
 *
 * @module
 */
import type { LogStream, LogsOptions, OutputChunk } from "../api/engine.ts";
import { InvalidParameterError } from "../errors.ts";
import type { LogEntry, LogReadOptions } from "../logger/logger.ts";
import { readLog } from "../logger/open.ts";
import { formatNanoFixed, parseTimestamp } from "../time.ts";
import { type ContainerDeps, containerPaths } from "./deps.ts";
import type { Container } from "./record.ts";

/** How many bytes are put together before they are sent. */
const BATCH_BYTES = 32 * 1024;

/** Lines of the log, put together to larger chunks as long as they are at hand. */
async function* chunks(
  entries: AsyncIterable<LogEntry>,
  options: LogsOptions,
  signal: AbortSignal,
): AsyncGenerator<OutputChunk> {
  let parts: Uint8Array[] = [];
  let size = 0;
  let stream: OutputChunk["stream"] = "stdout";
  const take = (): OutputChunk => {
    const data = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    parts = [];
    size = 0;
    return { stream, data };
  };
  const iterator = entries[Symbol.asyncIterator]();
  try {
    for (;;) {
      const coming = iterator.next();
      // Nothing is held back while the next line is waited for.
      const next = size === 0 ? await coming : await Promise.race([coming, soon()]);
      if (next === LATER) yield take();
      const { value, done } = next === LATER ? await coming : next;
      if (done || signal.aborted) break;
      if (options[value.stream] !== true) continue;
      if (size > 0 && (value.stream !== stream || size >= BATCH_BYTES)) yield take();
      stream = value.stream;
      if (options.timestamps) {
        const stamp = Buffer.from(`${formatNanoFixed(value.time)} `);
        parts.push(stamp);
        size += stamp.length;
      }
      parts.push(value.line);
      size += value.line.length;
    }
    if (size > 0) yield take();
  } finally {
    await iterator.return?.();
  }
}

/** Says that the next line is not there yet. */
const LATER: unique symbol = Symbol("later");

function soon(): Promise<typeof LATER> {
  return new Promise((resolve) => setImmediate(resolve, LATER));
}

/** Number of lines in `tail`; undefined for all, as for everything that is no number. */
function tailOf(text: string | undefined): number | undefined {
  if (text === undefined || text === "all" || !/^[0-9]+$/.test(text)) return undefined;
  return Number(text);
}

/** Opens the logs of a container. @throws `NOT_IMPLEMENTED` with Docker's text if its driver keeps none. */
export function containerLogs(
  deps: ContainerDeps,
  container: Container,
  options: LogsOptions = {},
): LogStream {
  if (!options.stdout && !options.stderr) {
    throw new InvalidParameterError("You must choose at least one stream");
  }
  const controller = new AbortController();
  const signal =
    options.signal === undefined ? controller.signal : AbortSignal.any([options.signal, controller.signal]);
  const tail = tailOf(options.tail);
  const read: LogReadOptions = {
    follow: options.follow === true,
    signal,
    ...(tail === undefined ? {} : { tail }),
    ...(options.since === undefined ? {} : { since: parseTimestamp(options.since) }),
    ...(options.until === undefined ? {} : { until: parseTimestamp(options.until) }),
  };
  const path = containerPaths(deps, container).log;
  const entries = container.log?.read(read) ?? readLog(container.hostConfig.LogConfig ?? {}, path, read);
  return {
    tty: container.record.Config.Tty === true,
    output: chunks(entries, options, signal),
    async [Symbol.asyncDispose]() {
      controller.abort();
    },
  };
}
