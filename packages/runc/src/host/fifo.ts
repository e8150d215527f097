/**
 * FIFOs in the engines: made by a launch program, read and written without blocking the event loop.
 *
 * Rules of FIFOs (fifo(7)): a reader sees the end when the last writer has closed; opened while there is no writer
 * it sees the end at once, so open it while somebody holds the other end (a monitor does), or with `keepOpen`. A
 * writer without `keepOpen` cannot be opened while there is no reader (ENXIO).
 *
 * Node reads FIFOs by `net.Socket`, Bun by `Bun.file`; Deno has no such way (ENGINES.md row 7), there a launched
 * process copies to a pipe.
 *
 * @module
 */
import { closeSync, constants, openSync } from "node:fs";
import { Socket } from "node:net";
import { ProgramBuilder } from "../launch/program.ts";
import { ProcessFifoReader, ProcessFifoWriter } from "./fifo_process.ts";
import type { Kernel } from "./kernel.ts";
import { run } from "./run.ts";

/** The reading end of a FIFO. */
export interface FifoReader extends AsyncIterable<Uint8Array>, AsyncDisposable {
  /** Stops reading and closes our end. */
  close(): Promise<void>;
}

/** The writing end of a FIFO. */
export interface FifoWriter extends AsyncDisposable {
  /** Writes all of `chunk`; resolves when the FIFO has room for more. */
  write(chunk: Uint8Array): Promise<void>;
  /** Writes what is pending and closes our end. */
  close(): Promise<void>;
}

/** Options of {@linkcode openFifoReader} and {@linkcode openFifoWriter}. */
export interface FifoOptions {
  /** Open both ends: no end of file, no ENXIO, and bytes stay while nobody else has the FIFO open. @default {false} */
  readonly keepOpen?: boolean;
}

interface BunFile {
  stream(): ReadableStream<Uint8Array>;
  writer(): { write(chunk: Uint8Array): number | Promise<number>; flush(): unknown; end(): unknown };
}

const engine = globalThis as { Bun?: { file(fd: number): BunFile }; Deno?: unknown };

/**
 * Makes a FIFO of exactly `mode` at `path`.
 *
 * @throws {SyscallError} `ALREADY_EXISTS` if there is something; others as mknod(2).
 */
export async function makeFifo(kernel: Kernel, path: string, mode = 0o600): Promise<void> {
  const p = new ProgramBuilder();
  const name = p.cstring(path);
  p.sys("umask", [0]);
  p.sys("mknodat", [-100, name, 0o010000 | mode, 0], { name: `make fifo ${path}` });
  await run(kernel, p.build());
}

/** Opens `path` for reading; iterate once. @throws {Error} of node:fs if it cannot be opened, on Deno by the iteration. */
export function openFifoReader(path: string, options: FifoOptions = {}): FifoReader {
  const keepOpen = options.keepOpen === true;
  if (engine.Deno !== undefined) return new ProcessFifoReader(path, keepOpen);
  const fd = open(path, keepOpen ? constants.O_RDWR : constants.O_RDONLY);
  return engine.Bun === undefined ? new NodeReader(fd) : new BunReader(fd, engine.Bun.file(fd));
}

/** Opens `path` for writing. @throws {Error} of node:fs, `ENXIO` if there is no reader; on Deno by the first write. */
export function openFifoWriter(path: string, options: FifoOptions = {}): FifoWriter {
  const keepOpen = options.keepOpen === true;
  if (engine.Deno !== undefined) return new ProcessFifoWriter(path, keepOpen);
  const fd = open(path, keepOpen ? constants.O_RDWR : constants.O_WRONLY);
  return engine.Bun === undefined ? new NodeWriter(fd) : new BunWriter(fd, engine.Bun.file(fd));
}

function open(path: string, access: number): number {
  return openSync(path, access | constants.O_NONBLOCK | constants.O_NOCTTY);
}

class NodeReader implements FifoReader {
  readonly #socket: Socket;
  #closing = false;

  constructor(fd: number) {
    this.#socket = new Socket({ fd, readable: true, writable: false });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    try {
      for await (const chunk of this.#socket) yield chunk;
    } catch (err) {
      if (!this.#closing) throw err;
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    await closeSocket(this.#socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

class NodeWriter implements FifoWriter {
  readonly #socket: Socket;

  constructor(fd: number) {
    this.#socket = new Socket({ fd, readable: false, writable: true });
    this.#socket.on("error", () => {}); // Each write reports its own error.
  }

  write(chunk: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(chunk, (err) => (err == null ? resolve() : reject(err)));
    });
  }

  async close(): Promise<void> {
    if (!this.#socket.destroyed) await new Promise<void>((resolve) => this.#socket.end(resolve));
    await closeSocket(this.#socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

async function closeSocket(socket: Socket): Promise<void> {
  if (socket.closed) return;
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.destroy();
  await closed;
}

class BunReader implements FifoReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #fd: number;
  #closed = false;

  constructor(fd: number, file: BunFile) {
    this.#fd = fd;
    this.#reader = file.stream().getReader();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) return;
      if (value.length > 0) yield value;
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#reader.cancel().catch(() => {});
    closeQuietly(this.#fd);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

class BunWriter implements FifoWriter {
  readonly #writer: ReturnType<BunFile["writer"]>;
  readonly #fd: number;
  #closed = false;

  constructor(fd: number, file: BunFile) {
    this.#fd = fd;
    this.#writer = file.writer();
  }

  async write(chunk: Uint8Array): Promise<void> {
    await this.#writer.write(chunk);
    await this.#writer.flush();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writer.end();
    closeQuietly(this.#fd);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Bun works on a duplicate: ours is ours to close. */
function closeQuietly(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // Nothing is left to close.
  }
}
