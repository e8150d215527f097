/**
 * Our end of a port: sends commands, and hands each record to the launch it belongs to.
 *
 * @module
 */
import { randomInt } from "node:crypto";
import { closeSync, constants, openSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { LaunchError } from "../errors.ts";
import type { Arch } from "../launch/encode.ts";
import { encode } from "../launch/encode.ts";
import type { Command, CommandEntry } from "../launch/port_wire.ts";
import { encodeCommand, PORT_FILES, PREPARING } from "../launch/port_wire.ts";
import type { Program } from "../launch/program.ts";
import { RECORD_KIND } from "../launch/program.ts";
import { AsyncQueue } from "./async_queue.ts";
import { hostArch } from "./interpreter_file.ts";
import type { ExitStatus, Launch, LaunchOptions, LaunchRecord, StdioEntry } from "./kernel.ts";
import { throwIfAborted } from "./kernel.ts";
import { writePrivateFile } from "./private_file.ts";
import type { RawRecord } from "./record_reader.ts";
import { interpretRecord } from "./record_reader.ts";

/** The end of a process that a port or monitor saw. */
export interface ReapedProcess extends ExitStatus {
  /** Process id it had. */
  readonly pid: number;
  /** When it was reaped, CLOCK_REALTIME. Nanoseconds since 1970. */
  readonly exitedAtNs: bigint;
}

/** What a {@linkcode PortClient} works with. */
export interface PortClientOptions {
  /** The port's directory. */
  readonly directory: string;
  /** Makes the port's own program, to name steps that fail while it prepares a launch. */
  readonly program: () => Program;
  /** Architecture that programs are encoded for. @default {that of this process} */
  readonly arch?: Arch | undefined;
  /** Receives the end of every process that this client did not launch. */
  readonly onExit?: (exit: ReapedProcess) => void;
}

const DEFAULT_STDIO: readonly StdioEntry[] = ["ignore", "ignore", "ignore"];
const { O_RDONLY, O_WRONLY, O_RDWR, O_APPEND, O_CREAT, O_NONBLOCK } = constants;
const ACCESS = {
  read: O_RDONLY,
  write: O_WRONLY,
  append: O_WRONLY | O_APPEND | O_CREAT,
  readwrite: O_RDWR,
} as const;
/** Exit code of a process whose port was lost before its end was known; containerd's UnknownExitStatus. */
export const UNKNOWN_EXIT_CODE = 255;
/** Launches whose late records are still wanted; the oldest are forgotten. */
const LATE_LIMIT = 256;
const RETRY_MS = 2;

interface Pending {
  readonly program: Program;
  readonly queue: AsyncQueue<LaunchRecord>;
  readonly options: LaunchOptions;
  readonly started: PromiseWithResolvers<bigint>;
  readonly exited: PromiseWithResolvers<ExitStatus>;
}

/** A connection to one port or monitor. */
export class PortClient {
  readonly #options: PortClientOptions;
  readonly #commands: number;
  readonly #pending = new Map<number, Pending>();
  readonly #replies = new Map<number, PromiseWithResolvers<bigint>>();
  readonly #late = new Map<number, Pending>();
  /** Identities of started launches by pid, for exits that the port could not put a name to. */
  readonly #seqOfPid = new Map<number, number>();
  #seq = randomInt(1, 0x4000_0000);
  #gone: LaunchError | undefined;
  #keepAlive: NodeJS.Timeout | undefined;

  /** Opens the command FIFO. @throws {LaunchError} `UNAVAILABLE` if nobody reads it. */
  constructor(options: PortClientOptions) {
    this.#options = options;
    const path = join(options.directory, PORT_FILES.command);
    try {
      this.#commands = openSync(path, O_WRONLY | O_NONBLOCK);
    } catch (cause) {
      throw new LaunchError(
        "UNAVAILABLE",
        `cannot reach port ${options.directory}: ${(cause as Error).message}`,
        { cause },
      );
    }
  }

  /** Whether the port was lost or the client closed. */
  get gone(): boolean {
    return this.#gone !== undefined;
  }

  /** As {@linkcode Kernel.launch}. */
  async launch(program: Program, options: LaunchOptions = {}): Promise<Launch> {
    throwIfAborted(options.signal);
    const entries = [
      ...(options.stdio ?? DEFAULT_STDIO).map(commandEntry),
      ...(options.fds ?? []).map(fdEntry),
    ];
    const path = writePrivateFile(this.#options.directory, encode(program, this.#options.arch ?? hostArch()));
    const seq = this.#nextSeq();
    const pending: Pending = {
      program,
      queue: new AsyncQueue(),
      options,
      started: Promise.withResolvers(),
      exited: Promise.withResolvers(),
    };
    this.#pending.set(seq, pending);
    this.#hold();
    try {
      await this.#send({ seq, command: "launch", number: process.pid, path, cwd: options.cwd, entries });
      const pid = Number(await pending.started.promise);
      if (pid < 0) throw new LaunchError("UNAVAILABLE", `cannot fork launch program: errno ${-pid}`);
      abortKills(options.signal, pid, pending.exited.promise);
      return {
        pid,
        records: pending.queue,
        exited: pending.exited.promise,
        stdio: [undefined, undefined, undefined],
      };
    } catch (err) {
      this.#pending.delete(seq);
      this.#hold();
      unlinkQuietly(path);
      throw err;
    }
  }

  /** Sends another command and resolves with the answer: 0 or more, or a negative errno. */
  async call(command: Omit<Command, "seq">): Promise<{ seq: number; result: bigint }> {
    const seq = this.#nextSeq();
    const reply = Promise.withResolvers<bigint>();
    this.#replies.set(seq, reply);
    this.#hold();
    try {
      await this.#send({ ...command, seq });
      return { seq, result: await reply.promise };
    } finally {
      this.#replies.delete(seq);
      this.#hold();
    }
  }

  /** Sends a command that has no answer. */
  async post(command: Omit<Command, "seq">): Promise<void> {
    await this.#send({ ...command, seq: this.#nextSeq() });
  }

  /** Takes one record from the port. */
  receive(raw: RawRecord): void {
    if (raw.kind === RECORD_KIND.exited) this.#exited(raw);
    else if (raw.kind === RECORD_KIND.started) {
      this.#replies.get(raw.seq)?.resolve(raw.value);
      const launch = this.#pending.get(raw.seq);
      if (launch !== undefined && raw.value > 0n) this.#seqOfPid.set(Number(raw.value), raw.seq);
      launch?.started.resolve(raw.value);
    } else this.#reported(raw);
  }

  #reported(raw: RawRecord): void {
    const preparing = (raw.seq & PREPARING) !== 0;
    const seq = (raw.seq & ~PREPARING) >>> 0;
    const launch = this.#pending.get(seq) ?? this.#late.get(seq);
    if (launch === undefined) return;
    const record = interpretRecord(preparing ? this.#options.program() : launch.program, raw);
    if (record === undefined) return;
    if (launch.queue.ended) launch.options.onLate?.(record);
    else launch.queue.push(record);
  }

  /** The port is gone, or we are leaving it: everything that waits for it ends. */
  close(reason = "closed"): void {
    if (this.#gone !== undefined) return;
    const error = new LaunchError("UNAVAILABLE", `cannot reach port ${this.#options.directory}: ${reason}`);
    this.#gone = error;
    closeSync(this.#commands);
    for (const reply of this.#replies.values()) reply.reject(error);
    for (const launch of this.#pending.values()) {
      launch.started.promise.catch(() => {});
      launch.started.reject(error);
      launch.queue.end();
      launch.exited.resolve({ code: UNKNOWN_EXIT_CODE, signal: 0 });
    }
    this.#pending.clear();
    this.#late.clear();
    this.#hold();
  }

  #exited(raw: RawRecord): void {
    const status = { code: (raw.tag >> 8) & 0xff, signal: raw.tag & 0x7f };
    const pid = Number(raw.value);
    const seq = raw.seq || (this.#seqOfPid.get(pid) ?? 0);
    this.#seqOfPid.delete(pid);
    const launch = this.#pending.get(seq);
    if (launch === undefined) {
      const view = new DataView(raw.bytes.buffer, raw.bytes.byteOffset, raw.bytes.length);
      const exitedAtNs = view.getBigUint64(0, true) * 1_000_000_000n + view.getBigUint64(8, true);
      this.#options.onExit?.({ ...status, pid, exitedAtNs });
      return;
    }
    this.#pending.delete(seq);
    if (launch.options.onLate !== undefined) this.#late.set(seq, launch);
    if (this.#late.size > LATE_LIMIT) this.#late.delete(this.#late.keys().next().value!);
    launch.queue.end();
    launch.exited.resolve(status);
    this.#hold();
  }

  #nextSeq(): number {
    this.#seq = this.#seq >= 0x7fff_ffff ? 1 : this.#seq + 1;
    return this.#seq;
  }

  async #send(command: Command): Promise<void> {
    const record = encodeCommand(command);
    for (;;) {
      if (this.#gone !== undefined) throw this.#gone;
      try {
        writeSync(this.#commands, record);
        return;
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== "EAGAIN") {
          throw new LaunchError("UNAVAILABLE", `cannot reach port: ${(cause as Error).message}`, { cause });
        }
      }
      await sleep(RETRY_MS);
    }
  }

  /** Keeps the engine's event loop alive while something is expected. */
  #hold(): void {
    const busy = this.#pending.size + this.#replies.size > 0;
    if (busy) this.#keepAlive ??= setInterval(() => {}, 0x7fff_ffff);
    else {
      clearInterval(this.#keepAlive);
      this.#keepAlive = undefined;
    }
  }
}

function commandEntry(entry: StdioEntry, fd: number): CommandEntry {
  if (typeof entry === "number") return fdEntry(entry);
  if (typeof entry === "object") {
    return { kind: "path", path: entry.path, flags: ACCESS[entry.access ?? (fd === 0 ? "read" : "write")] };
  }
  if (entry === "pipe")
    throw new LaunchError("INVALID_ARGUMENT", "cannot launch by a port with stdio pipe: use FIFOs");
  if (entry === "inherit" && fd !== 0) return { kind: "leave" };
  return { kind: "path", path: "/dev/null", flags: O_RDWR };
}

function fdEntry(fd: number): CommandEntry {
  return { kind: "fd", fd };
}

function abortKills(signal: AbortSignal | undefined, pid: number, exited: Promise<unknown>): void {
  if (signal === undefined) return;
  const kill = (): void => {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has just ended.
    }
  };
  signal.addEventListener("abort", kill, { once: true });
  void exited.then(() => signal.removeEventListener("abort", kill));
  if (signal.aborted) kill();
}

function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // The port has unlinked it.
  }
}
