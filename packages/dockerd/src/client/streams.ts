/**
 * Streams of the client: JSON lines, output of containers, connections to a process.
 *
 * @module
 */
import type { IncomingMessage } from "node:http";
import type { AttachStream, OutputChunk } from "../api/engine.ts";
import { decodeFrames } from "../api/multiplex.ts";
import type { JsonMessage } from "../api/types/index.ts";
import { RtError } from "../errors.ts";
import type { HijackedConnection } from "./transport.ts";

/** The JSON values of a reply, one per line or simply one after the other on lines. */
export async function* jsonLines<T>(res: IncomingMessage): AsyncGenerator<T> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of res) {
    rest += decoder.decode(chunk as Uint8Array, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop()!;
    for (const line of lines) if (line.trim() !== "") yield JSON.parse(line) as T;
  }
  if (rest.trim() !== "") yield JSON.parse(rest) as T;
}

/** The messages of a progress stream; a message with an error ends it with a rejection. */
export async function* progress(reply: Promise<IncomingMessage>): AsyncGenerator<JsonMessage> {
  for await (const message of jsonLines<JsonMessage>(await reply)) {
    if (message.errorDetail !== undefined || message.error !== undefined) {
      throw new RtError("UNKNOWN", message.errorDetail?.message ?? message.error ?? "unknown error");
    }
    yield message;
  }
}

/** Output of a container: raw for a terminal, else taken apart. */
export function outputOf(bytes: AsyncIterable<Uint8Array>, tty: boolean): AsyncIterable<OutputChunk> {
  return tty ? rawOutput(bytes) : decodeFrames(bytes);
}

async function* rawOutput(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<OutputChunk> {
  for await (const data of bytes) yield { stream: "stdout", data };
}

/** A connection to a process, over a connection that was taken over. */
export function attachStream({ socket, head }: HijackedConnection, tty: boolean): AttachStream {
  if (head.length > 0) socket.unshift(Buffer.from(head));
  socket.on("error", () => {});
  return {
    tty,
    output: outputOf(socket, tty),
    write(data) {
      if (socket.destroyed) return Promise.reject(new RtError("CANCELED", "connection is closed"));
      if (socket.write(data)) return Promise.resolve();
      return new Promise((resolve) => {
        const done = (): void => {
          socket.off("drain", done);
          socket.off("close", done);
          resolve();
        };
        socket.on("drain", done);
        socket.on("close", done);
      });
    },
    async closeInput() {
      socket.end();
    },
    async [Symbol.asyncDispose]() {
      socket.destroy();
    },
  };
}
