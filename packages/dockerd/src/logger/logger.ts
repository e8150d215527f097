/**
 * Log drivers: where a container's output is kept, and how it is read back.
 *
 * @module
 */
import type { OutputChunk } from "../api/engine.ts";

/** One line of a log, or a part of one that was too long. */
export interface LogEntry {
  readonly stream: OutputChunk["stream"];
  /** With its newline; parts but the last have none. */
  readonly line: Uint8Array;
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
}

/** What is to be read. */
export interface LogReadOptions {
  /** Lines at or after this time. Nanoseconds since the epoch. */
  readonly since?: bigint;
  /** Lines at or before this time. */
  readonly until?: bigint;
  /** Only so many last lines; absent for all. */
  readonly tail?: number;
  /** Goes on until the log is closed. @default {false} */
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
}

/** Log of one container. */
export interface ContainerLog {
  /** Keeps a chunk; what was a complete line is on the way to disk when this returns. */
  write(chunk: OutputChunk): void;
  /** The lines, in order. */
  read(options: LogReadOptions): AsyncIterable<LogEntry>;
  /** The container has ended: keeps what has no newline too, and ends those who follow. */
  close(): void;
}
