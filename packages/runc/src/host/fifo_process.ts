/**
 * FIFOs for engines that can only block on them (Deno): a launched process copies between the FIFO and a pipe.
 *
 * What the process has read and we have not yet taken is lost when the reader is closed early.
 *
 * @module
 */
import { constants } from "node:fs";
import process from "node:process";
import { LaunchError, SyscallError } from "../errors.ts";
import type { Program } from "../launch/program.ts";
import { ProgramBuilder } from "../launch/program.ts";
import type { FifoReader, FifoWriter } from "./fifo.ts";
import type { Launch } from "./kernel.ts";
import { spawnKernel } from "./spawn_kernel.ts";

const BUFFER = 65536;
/** Tag of the report that the FIFO is open. */
const OPENED = 1;
const { O_RDONLY, O_WRONLY, O_RDWR, O_NONBLOCK } = constants;

/** A program that copies from its stdin, or to its stdout, until the end; the other side is the FIFO `path`. */
function copyProgram(path: string, direction: "from" | "to", keepOpen: boolean): Program {
  const p = new ProgramBuilder();
  const access = keepOpen ? O_RDWR : direction === "from" ? O_RDONLY : O_WRONLY;
  const fifo = p.sys("openat", [-100, p.cstring(path), access | O_NONBLOCK, 0], {
    name: `open fifo ${path}`,
  });
  p.sys("fcntl", [fifo, 4, access]); // F_SETFL: from now on it may wait
  p.sys("prctl", [1, 9]); // PR_SET_PDEATHSIG
  p.value(OPENED, 0);
  const [source, target] = direction === "from" ? [fifo, 1] : [0, fifo];
  const buffer = p.bss(BUFFER);
  const [start, end] = [p.slot(), p.slot()];
  p.loop((leave) => {
    p.sys("read", [source, buffer, BUFFER], { into: end, name: `read fifo ${path}` });
    p.branch("eq", end, 0, leave);
    p.mov(start, 0);
    p.loop((written) => {
      p.branch("ge", start, end, written);
      const count = p.sys("write", [target, p.arith("add", start, buffer), p.arith("sub", end, start)], {
        name: `write fifo ${path}`,
      });
      p.arith("add", start, count, { into: start });
    });
  });
  return p.build();
}

/** What the ends have in common. */
export abstract class FifoProcess {
  /** Settles when the FIFO is open, or cannot be opened: from then on its name is not needed. */
  readonly opened: Promise<void>;
  protected readonly launch: Promise<Launch>;
  readonly #failure: Promise<SyscallError | undefined>;

  constructor(path: string, direction: "from" | "to", keepOpen: boolean) {
    const kernel = spawnKernel({ interpreter: "private" });
    const stdio =
      direction === "from"
        ? (["ignore", "pipe", "ignore"] as const)
        : (["pipe", "ignore", "ignore"] as const);
    this.launch = kernel.launch(copyProgram(path, direction, keepOpen), { stdio });
    this.launch.catch(() => {}); // Whoever uses it sees the error.
    const { promise, resolve } = Promise.withResolvers<void>();
    this.opened = promise;
    this.#failure = this.#follow(resolve).finally(resolve);
    this.#failure.catch(() => {});
  }

  /** Throws what the process reported. */
  protected async check(): Promise<void> {
    const failure = await this.#failure;
    if (failure !== undefined) throw failure;
  }

  async #follow(opened: () => void): Promise<SyscallError | undefined> {
    let failure: SyscallError | undefined;
    for await (const record of (await this.launch).records) {
      if (record.kind === "value") opened();
      if (record.kind === "failure") failure ??= new SyscallError(record.name, record.syscall, record.errno);
    }
    return failure;
  }

  protected async kill(): Promise<void> {
    const launch = await this.launch.catch(() => undefined);
    if (launch === undefined) return;
    try {
      process.kill(launch.pid, "SIGKILL");
    } catch {
      // It has ended.
    }
    await launch.exited;
  }
}

/** Reads a FIFO by a process. */
export class ProcessFifoReader extends FifoProcess implements FifoReader {
  #closing = false;

  /** Starts the process. */
  constructor(path: string, keepOpen: boolean) {
    super(path, "from", keepOpen);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    const { stdio } = await this.launch;
    const reader = stdio[1]!.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        yield value;
      }
      if (!this.#closing) await this.check();
    } finally {
      await reader.cancel().catch(() => {});
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Writes a FIFO by a process. */
export class ProcessFifoWriter extends FifoProcess implements FifoWriter {
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;

  /** Starts the process. */
  constructor(path: string, keepOpen: boolean) {
    super(path, "to", keepOpen);
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#writer ??= (await this.launch).stdio[0]!.getWriter();
    try {
      await this.#writer.write(chunk);
    } catch (cause) {
      await this.check();
      throw new LaunchError("UNAVAILABLE", `cannot write fifo: ${(cause as Error).message}`, { cause });
    }
  }

  async close(): Promise<void> {
    const launch = await this.launch.catch(() => undefined);
    if (launch === undefined) return;
    await (this.#writer ?? launch.stdio[0]!).close().catch(() => {});
    await launch.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
