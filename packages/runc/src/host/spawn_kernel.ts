/**
 * Kernel port by the engine's own spawn: one interpreter process per launch program.
 *
 * @module
 */
import type { ChildProcess, StdioOptions } from "node:child_process";
import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { constants as os } from "node:os";
import process from "node:process";
import type { Readable, Writable } from "node:stream";
import { Readable as NodeReadable, Writable as NodeWritable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { LaunchError } from "../errors.ts";
import type { Arch } from "../launch/encode.ts";
import { encode, PROGRAM_FD } from "../launch/encode.ts";
import { interpreterElf } from "../launch/interpreter_elf.ts";
import type { Program } from "../launch/program.ts";
import { AsyncQueue } from "./async_queue.ts";
import type { InterpreterPath } from "./interpreter_file.ts";
import { hostArch, openSealedInterpreter, privateInterpreter, sealProgram } from "./interpreter_file.ts";
import type { ExitStatus, Kernel, Launch, LaunchOptions, LaunchRecord, StdioEntry } from "./kernel.ts";
import { throwIfAborted } from "./kernel.ts";
import { inFirstDirectory, openUnlinkedFile, SCRATCH_DIRECTORIES } from "./private_file.ts";
import type { RawRecord } from "./record_reader.ts";
import { interpretRecord, RecordSplitter } from "./record_reader.ts";

/** Options of {@linkcode spawnKernel}. */
export interface SpawnKernelOptions {
  /** Directories to try for short-lived private files; the interpreter needs one that can execute. */
  readonly directories?: readonly string[];
  /**
   * `sealed`: one sealed copy of the interpreter serves all launches, made by a process of its own at the first;
   * `private`: each launch gets an unlinked copy, cheaper for a program that launches once. @default {"sealed"}
   */
  readonly interpreter?: "sealed" | "private";
  /** Runs the interpreter of another architecture by a user-mode emulator such as qemu-aarch64; for tests. */
  readonly emulator?: { readonly arch: Arch; readonly command: string };
}

/** What a port needs besides: every record as it comes, and nothing of it interpreted. */
export interface RawLaunchOptions extends LaunchOptions {
  /** Receives the records instead of {@linkcode Launch.records}, which then only ends. */
  readonly onRaw?: (record: RawRecord) => void;
  /** Let the engine exit while the process runs. @default {false} */
  readonly unref?: boolean;
}

/** How often a copy that is still open for writing in some forked process is tried again, and the pause. Milliseconds. */
const [BUSY_RETRIES, BUSY_PAUSE_MS] = [50, 2];
/** How long an emulator may take to open the interpreter. Milliseconds. */
const EMULATOR_MS = 5000;
const DEFAULT_STDIO: readonly [StdioEntry, StdioEntry, StdioEntry] = ["ignore", "ignore", "ignore"];
const ACCESS = { read: "r", write: "w", append: "a", readwrite: "r+" } as const;

/**
 * A kernel port that spawns an interpreter for each program.
 *
 * @throws {LaunchError} `NOT_IMPLEMENTED` on an architecture without interpreter.
 */
export function spawnKernel(options: SpawnKernelOptions = {}): Kernel {
  return new SpawnKernel(options);
}

class SpawnKernel implements Kernel {
  readonly #arch: Arch;
  readonly #elf: Uint8Array;
  readonly #directories: readonly string[];
  #private: boolean;
  readonly #emulator: string | undefined;
  /** Fd of the sealed interpreter; undefined where there can be none. */
  #sealed: Promise<number | undefined> | undefined;

  constructor(options: SpawnKernelOptions) {
    this.#directories = options.directories ?? SCRATCH_DIRECTORIES;
    this.#emulator = options.emulator?.command;
    this.#private = options.interpreter === "private" || this.#emulator !== undefined;
    this.#arch = options.emulator?.arch ?? hostArch();
    this.#elf = interpreterElf(this.#arch);
  }

  async launch(program: Program, options: RawLaunchOptions = {}): Promise<Launch> {
    throwIfAborted(options.signal);
    const sealed = this.#private ? undefined : await this.#sealedInterpreter();
    if (sealed === undefined) return this.#launchPrivate(program, options);
    const path = `/proc/${process.pid}/fd/${sealed}`;
    try {
      return await this.#start(program, options, { path, release: () => {} });
    } catch (err) {
      // Some hosts refuse to execute memfds.
      if ((err as LaunchError).details?.errno !== "EACCES") throw err;
      this.#private = true;
      return this.#launchPrivate(program, options);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const fd = await this.#sealed;
    this.#sealed = undefined;
    if (fd !== undefined) closeSync(fd);
  }

  #sealedInterpreter(): Promise<number | undefined> {
    this.#sealed ??= this.#seal().catch((err: unknown) => {
      this.#sealed = undefined;
      throw err;
    });
    return this.#sealed;
  }

  async #seal(): Promise<number | undefined> {
    const launch = await this.#launchPrivate(sealProgram(this.#elf), { stdio: ["pipe", "ignore", "ignore"] });
    return openSealedInterpreter(launch, this.#elf);
  }

  /** Tries one directory after the other: the first may be mounted noexec. */
  async #launchPrivate(program: Program, options: RawLaunchOptions): Promise<Launch> {
    let refused: unknown;
    for (const directory of this.#directories) {
      try {
        return await this.#start(program, options, privateInterpreter(this.#elf, [directory]));
      } catch (err) {
        refused = err;
      }
    }
    throw refused;
  }

  #command(interpreter: string): readonly string[] {
    return this.#emulator === undefined ? [interpreter] : [this.#emulator, interpreter];
  }

  async #start(program: Program, options: RawLaunchOptions, interpreter: InterpreterPath): Promise<Launch> {
    const image = encode(program, this.#arch, { closeFrom: PROGRAM_FD + 1 + (options.fds?.length ?? 0) });
    const programFd = inFirstDirectory(this.#directories, (directory) => openUnlinkedFile(directory, image));
    try {
      for (let attempt = 0; ; attempt++) {
        try {
          return await startProcess(program, options, this.#command(interpreter.path), programFd);
        } catch (err) {
          if ((err as { code?: string }).code !== "ETXTBSY" || attempt >= BUSY_RETRIES) {
            throw startError(err, options.cwd);
          }
          await sleep(BUSY_PAUSE_MS);
        }
      }
    } finally {
      closeSync(programFd);
      // An emulator opens the file only once it runs.
      if (this.#emulator === undefined) interpreter.release();
      else setTimeout(() => interpreter.release(), EMULATOR_MS).unref();
    }
  }
}

function startError(cause: unknown, cwd: string | undefined): LaunchError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const details = { errno: code };
  if (code === "ENOENT" && cwd !== undefined && !existsSync(cwd)) {
    return new LaunchError("NOT_FOUND", `cannot change directory to ${cwd}: ENOENT`, { cause, details });
  }
  return new LaunchError("UNAVAILABLE", `cannot start interpreter: ${message}`, { cause, details });
}

async function startProcess(
  program: Program,
  options: RawLaunchOptions,
  [path, ...before]: readonly string[],
  programFd: number,
): Promise<Launch> {
  const opened: number[] = [];
  try {
    const stdio = (options.stdio ?? DEFAULT_STDIO).map((entry, i) => stdioOption(entry, i, opened));
    const [argv0 = "rt-launch", ...args] = options.argv ?? [];
    const child = spawn(path!, [...before, ...args], {
      argv0,
      env: {},
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      stdio: [...stdio, "pipe", programFd, ...(options.fds ?? [])] as StdioOptions,
    });
    if (child.pid === undefined) throw await new Promise((resolve) => child.once("error", resolve));
    return new SpawnedLaunch(program, options, child, child.pid);
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}

function stdioOption(
  entry: StdioEntry,
  fd: number,
  opened: number[],
): "ignore" | "inherit" | "pipe" | number {
  if (typeof entry !== "object") return entry;
  const file = openSync(entry.path, ACCESS[entry.access ?? (fd === 0 ? "read" : "write")]);
  opened.push(file);
  return file;
}

class SpawnedLaunch implements Launch {
  readonly pid: number;
  readonly records: AsyncIterable<LaunchRecord>;
  readonly exited: Promise<ExitStatus>;
  readonly stdio: Launch["stdio"];
  readonly #queue = new AsyncQueue<LaunchRecord>();

  constructor(program: Program, options: RawLaunchOptions, child: ChildProcess, pid: number) {
    this.pid = pid;
    this.records = this.#queue;
    this.stdio = [toWritable(child.stdin), toReadable(child.stdout), toReadable(child.stderr)];
    this.exited = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        resolve({ code: code ?? 0, signal: signal === null ? 0 : os.signals[signal] });
      });
    });
    child.on("error", () => {}); // Only a kill that came too late.
    const report = child.stdio[3] as Readable & { unref?(): void };
    if (options.unref === true) {
      child.unref();
      for (const stream of child.stdio) (stream as { unref?(): void } | null)?.unref?.();
    }
    this.#read(report, program, options);
    void this.exited.then(() => {
      this.#endWhenDrained(report);
    });
    const abort = (): void => void child.kill("SIGKILL");
    options.signal?.addEventListener("abort", abort, { once: true });
    void this.exited.then(() => options.signal?.removeEventListener("abort", abort));
  }

  #read(report: Readable, program: Program, options: RawLaunchOptions): void {
    const splitter = new RecordSplitter();
    report.on("data", (chunk: Uint8Array) => {
      for (const raw of splitter.push(chunk)) {
        if (options.onRaw !== undefined) {
          options.onRaw(raw);
          continue;
        }
        const record = interpretRecord(program, raw);
        if (record === undefined) continue;
        if (this.#queue.ended) options.onLate?.(record);
        else this.#queue.push(record);
      }
    });
    report.once("close", () => this.#queue.end());
    report.once("error", () => this.#queue.end());
  }

  /** Ends the records once a turn of the event loop has brought none: what was written before the exit is read then. */
  #endWhenDrained(report: Readable & { unref?(): void }): void {
    let quiet = 0;
    const seen = (): void => {
      quiet = 0;
    };
    report.on("data", seen);
    const turn = (): void => {
      if (this.#queue.ended) return;
      if (++quiet <= 2) setImmediate(turn);
      else {
        report.off("data", seen);
        this.#queue.end();
        report.unref?.();
      }
    };
    setImmediate(turn);
  }
}

function toWritable(stream: Writable | null): WritableStream<Uint8Array> | undefined {
  return stream === null ? undefined : (NodeWritable.toWeb(stream) as WritableStream<Uint8Array>);
}

function toReadable(stream: Readable | null): ReadableStream<Uint8Array> | undefined {
  return stream === null ? undefined : (NodeReadable.toWeb(stream) as unknown as ReadableStream<Uint8Array>);
}
