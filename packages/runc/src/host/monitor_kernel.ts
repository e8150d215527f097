/**
 * Kernel port by a container's monitor: a detached process that outlives us and is the container's parent.
 *
 * Its directory holds `command` and `report` (FIFOs), `pid`, and `exits`: one record per process that it reaped,
 * written before anybody is told. One client at a time: reports go to whoever reads them.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LaunchError, SyscallError } from "../errors.ts";
import { portProgram, READY_TAG } from "../launch/port_program.ts";
import { EXIT_RECORD_SIZE, PORT_FILES } from "../launch/port_wire.ts";
import type { Program } from "../launch/program.ts";
import type { FifoReader } from "./fifo.ts";
import { openFifoReader } from "./fifo.ts";
import { keepAlive } from "./keep_alive.ts";
import type { Kernel, Launch, LaunchOptions } from "./kernel.ts";
import type { ReapedProcess } from "./port_client.ts";
import { PortClient } from "./port_client.ts";
import { RecordSplitter } from "./record_reader.ts";
import { run } from "./run.ts";

/** What the process list shows of a monitor, as of containerd's own shims. */
const NAME = "containerd-shim";

/** How long a monitor may take to answer before it counts as lost. Milliseconds. */
const ANSWER_MS = 5000;

/** Options of {@linkcode startMonitor}. */
export interface StartMonitorOptions {
  /** Arguments after the name in the process list, e.g. `["-namespace", "moby", "-id", id]`. They mean nothing. */
  readonly args?: readonly string[];
}

/** Options of {@linkcode connectMonitor}. */
export interface ConnectMonitorOptions {
  /** Receives the end of every process that this client did not launch: containers, and what they left behind. */
  readonly onExit?: (exit: ReapedProcess) => void;
}

/** A FIFO that the monitor holds open. */
export interface HeldFifo {
  /** Names the hold to {@linkcode MonitorKernel.release}, also for a client that connects later. */
  readonly id: number;
  /** Lets the monitor close it: readers and writers then see each other's end. */
  release(): Promise<void>;
}

/** A kernel port whose launches are children of a monitor. */
export interface MonitorKernel extends Kernel {
  /** Process id of the monitor. */
  readonly pid: number;
  /** The monitor's directory. */
  readonly directory: string;
  /** Resolves when the monitor has ended or this client was disposed. */
  readonly closed: Promise<void>;
  /**
   * Lets the monitor open both ends of the FIFO `path`, so that the container never waits for, or loses, its peer.
   *
   * `drain`: once the container has ended, the monitor stays until everything in this FIFO has been read.
   * @throws {SyscallError} if the monitor cannot open it.
   */
  hold(path: string, options?: { readonly drain?: boolean }): Promise<HeldFifo>;
  /** Lets the monitor close the FIFO of the hold `id`, whoever asked for it. */
  release(id: number): Promise<void>;
  /** Lets the monitor end now, which kills its container (PR_SET_PDEATHSIG). */
  quit(): Promise<void>;
}

/**
 * Starts a monitor with the directory `directory`, which must exist, be private, and hold no other.
 *
 * It leaves by itself when a container (a process that it did not itself launch) has ended, no child is left, and
 * the FIFOs that it holds with `drain` are empty.
 *
 * @param kernel Where the monitor is started; it detaches from there.
 * @throws {SyscallError} naming the step that failed.
 */
export async function startMonitor(
  kernel: Kernel,
  directory: string,
  options: StartMonitorOptions & ConnectMonitorOptions = {},
): Promise<MonitorKernel> {
  const program = portProgram({ directory, monitor: true, name: NAME });
  const { values } = await run(kernel, program, { argv: [NAME, ...(options.args ?? [])] });
  if (!values.has(READY_TAG))
    throw new LaunchError("UNAVAILABLE", `cannot start monitor ${directory}: no answer`);
  return connectMonitor(directory, options);
}

/**
 * Connects to the running monitor with the directory `directory`.
 *
 * @throws {LaunchError} `UNAVAILABLE` if it has ended; read {@linkcode readMonitorExits} then.
 */
export async function connectMonitor(
  directory: string,
  options: ConnectMonitorOptions = {},
): Promise<MonitorKernel> {
  const program = (): Program => portProgram({ directory, monitor: true, name: NAME });
  const { onExit } = options;
  const client = new PortClient({ directory, program, ...(onExit === undefined ? {} : { onExit }) });
  const reports = openFifoReader(join(directory, PORT_FILES.report));
  const closed = receive(client, reports);
  try {
    const { result } = await withDeadline(client.call({ command: "ping" }), directory);
    return new Monitor(Number(result), directory, client, reports, closed);
  } catch (err) {
    client.close();
    await reports.close();
    throw err;
  }
}

/**
 * Everything that the monitor with this directory has reaped so far, oldest first; empty if there was none.
 *
 * To miss nothing, connect first and read then: a record is in the file before it is reported.
 */
export function readMonitorExits(directory: string): ReapedProcess[] {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(join(directory, PORT_FILES.exits));
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw err;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const exits: ReapedProcess[] = [];
  for (let at = 0; at + EXIT_RECORD_SIZE <= bytes.length; at += EXIT_RECORD_SIZE) {
    const status = view.getUint32(at + 4, true);
    exits.push({
      pid: view.getUint32(at, true),
      code: (status >> 8) & 0xff,
      signal: status & 0x7f,
      exitedAtNs: view.getBigUint64(at + 8, true) * 1_000_000_000n + view.getBigUint64(at + 16, true),
    });
  }
  return exits;
}

async function receive(client: PortClient, reports: FifoReader): Promise<void> {
  const splitter = new RecordSplitter();
  let reason = "it has ended";
  try {
    for await (const chunk of reports) for (const record of splitter.push(chunk)) client.receive(record);
  } catch (err) {
    reason = (err as Error).message;
  }
  client.close(reason);
  await reports.close();
}

function withDeadline<T>(answer: Promise<T>, directory: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(
        new LaunchError("UNAVAILABLE", `cannot reach monitor ${directory}: no answer in ${ANSWER_MS} ms`),
      );
    }, ANSWER_MS);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

class Monitor implements MonitorKernel {
  readonly pid: number;
  readonly directory: string;
  readonly closed: Promise<void>;
  readonly #client: PortClient;
  readonly #reports: FifoReader;

  constructor(
    pid: number,
    directory: string,
    client: PortClient,
    reports: FifoReader,
    closed: Promise<void>,
  ) {
    this.pid = pid;
    this.directory = directory;
    this.closed = closed;
    this.#client = client;
    this.#reports = reports;
  }

  launch(program: Program, options: LaunchOptions = {}): Promise<Launch> {
    return this.#client.launch(program, options);
  }

  async hold(path: string, options: { readonly drain?: boolean } = {}): Promise<HeldFifo> {
    const number = options.drain === true ? 1 : 0;
    const { seq, result } = await this.#client.call({ command: "hold", path, number });
    if (result < 0n) throw new SyscallError(`hold fifo ${path}`, "openat", Number(-result));
    return { id: seq, release: () => this.release(seq) };
  }

  async release(id: number): Promise<void> {
    await this.#client.call({ command: "release", number: id });
  }

  async quit(): Promise<void> {
    // Gone already, or going: both are what is wanted.
    await this.#client.post({ command: "quit" }).catch(() => {});
    await keepAlive(this.closed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
    await this.#reports.close();
    await this.closed;
  }
}

/** Whether the process that wrote the directory's `pid` file is still a monitor; a cheap look without connecting. */
export function monitorPid(directory: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(directory, PORT_FILES.pid), "utf8"));
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.includes(`(${NAME}) `) && !stat.includes(`(${NAME}) Z`) ? pid : undefined;
  } catch {
    return undefined;
  }
}
