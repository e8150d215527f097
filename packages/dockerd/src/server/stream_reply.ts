/**
 * Replies that go on: progress, events, statistics as one JSON object per line; output of containers.
 *
 * Source: moby `daemon/server/router/image/image_routes.go`, `pkg/streamformatter`, `daemon/server/router/container`.
 *
 * @module
 */
import type { AttachStream, OutputChunk } from "../api/engine.ts";
import { frameHeader } from "../api/multiplex.ts";
import type { JsonMessage } from "../api/types/index.ts";
import { messageOf } from "../errors.ts";
import type { ByteSink, RawConnection, Reply } from "./exchange.ts";

/** Content types of streams. */
export const RAW_STREAM = "application/vnd.docker.raw-stream";
/** Content type of a stream with stdout and stderr. */
export const MULTIPLEXED_STREAM = "application/vnd.docker.multiplexed-stream";

/**
 * Sends the messages of a progress stream. A failure before the first message becomes an error status, a later one
 * a last message with `errorDetail`.
 */
export async function sendProgress(reply: Reply, messages: AsyncIterable<JsonMessage>): Promise<void> {
  const iterator = messages[Symbol.asyncIterator]();
  let next = await iterator.next();
  const sink = reply.stream(200, { "Content-Type": "application/json" });
  try {
    while (!next.done) {
      await sink.write(`${JSON.stringify(next.value)}\r\n`);
      next = await iterator.next();
    }
  } catch (err) {
    const message = messageOf(err);
    await sink.write(`${JSON.stringify({ errorDetail: { message }, error: message })}\r\n`).catch(() => {});
  } finally {
    sink.end();
    await iterator.return?.();
  }
}

/** Sends values as JSON lines as they come. Headers go out at once. */
export async function sendJsonLines(reply: Reply, values: AsyncIterable<unknown>): Promise<void> {
  const sink = reply.stream(200, { "Content-Type": "application/json" });
  try {
    for await (const value of values) await sink.write(`${JSON.stringify(value)}\n`);
  } finally {
    sink.end();
  }
}

/** Sends bytes as they come. */
export async function sendBytes(
  reply: Reply,
  headers: Readonly<Record<string, string>>,
  bytes: AsyncIterable<Uint8Array>,
): Promise<void> {
  const iterator = bytes[Symbol.asyncIterator]();
  let next = await iterator.next();
  const sink = reply.stream(200, headers);
  try {
    while (!next.done) {
      await sink.write(next.value);
      next = await iterator.next();
    }
  } finally {
    sink.end();
    await iterator.return?.();
  }
}

/** Writes output of a container: raw for a terminal, else with a header before each piece. */
export async function writeOutput(
  sink: ByteSink,
  tty: boolean,
  output: AsyncIterable<OutputChunk>,
): Promise<void> {
  for await (const { stream, data } of output) {
    if (!tty) void sink.write(frameHeader(stream, data.length)).catch(() => {});
    await sink.write(data);
  }
}

/** Joins a taken-over connection with a process until its output ends or the client has gone. */
export async function joinConnection(connection: RawConnection, attached: AttachStream): Promise<void> {
  const input = (async () => {
    for await (const data of connection.input) await attached.write(data);
    await attached.closeInput();
  })().catch(() => {});
  try {
    await writeOutput(connection, attached.tty, attached.output);
  } finally {
    connection.end();
    await attached[Symbol.asyncDispose]();
    void input;
  }
}
