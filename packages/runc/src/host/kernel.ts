/**
 * The kernel port: something that runs launch programs.
 *
 * Three implementations: `spawnKernel` (the engine spawns one interpreter per program), `portKernel` (a port process
 * forks per program), `monitorKernel` (client of a detached monitor, which forks per program and outlives us).
 *
 * @module
 */
import { LaunchError } from "../errors.ts";
import type { Program } from "../launch/program.ts";

/** What a launch program reported. */
export type LaunchRecord =
  | {
      /** A step failed; the process that ran it has exited 1. */
      readonly kind: "failure";
      /** Index of the operation. */
      readonly op: number;
      /** What the step is for. */
      readonly name: string;
      /** The system call, or the kind of the operation. */
      readonly syscall: string;
      /** Error number, positive. */
      readonly errno: number;
    }
  | { readonly kind: "value"; readonly tag: number; readonly value: bigint }
  | { readonly kind: "data"; readonly tag: number; readonly bytes: Uint8Array }
  | { readonly kind: "trace"; readonly steps: readonly TraceStep[] };

/** One time-stamped operation of a traced program. */
export interface TraceStep {
  /** Index of the operation. */
  readonly op: number;
  /** What it is for. */
  readonly name: string;
  /** When it began, CLOCK_MONOTONIC. Nanoseconds. */
  readonly startNs: bigint;
}

/**
 * Where one of fds 0 to 2 of a launched process leads.
 *
 * - `ignore`: /dev/null; `inherit`: ours (that of the port or monitor, if one runs the program);
 * - a number: that fd of this process (ports reopen it by path, so a socket works with `spawnKernel` only);
 * - a path: opened by the launched process, for reading as stdin and for writing as stdout and stderr, or as `access` says;
 * - `pipe`: a stream in {@linkcode Launch.stdio}. With `spawnKernel` that is a socket pair on Node and Bun, which
 *   `/dev/stdout` cannot be reopened through: never hand it to a container.
 */
export type StdioEntry =
  | "ignore"
  | "inherit"
  | "pipe"
  | number
  | { readonly path: string; readonly access?: "read" | "write" | "append" | "readwrite" };

/** Options of {@linkcode Kernel.launch}. */
export interface LaunchOptions {
  /** Where fds 0 to 2 lead. @default {["ignore", "ignore", "ignore"]} */
  readonly stdio?: readonly [StdioEntry, StdioEntry, StdioEntry];
  /** Fds of ours that the process gets as 5, 6, and so on; it closes what it does not hand on. */
  readonly fds?: readonly number[];
  /** Working directory of the process, absolute. @default {ours} */
  readonly cwd?: string;
  /** What `ps` shows until the program execs, where the kernel can choose it. @default {"rt-launch"} */
  readonly argv?: readonly string[];
  /** Receives what descendants report after the launched process itself has ended. */
  readonly onLate?: (record: LaunchRecord) => void;
  /** Kills the launched process with SIGKILL. */
  readonly signal?: AbortSignal;
}

/** How a process ended; exactly one of the two is not 0, or both are 0. */
export interface ExitStatus {
  /** Exit code, 0 to 255; 0 if it was killed. */
  readonly code: number;
  /** Number of the signal that killed it; 0 if none. */
  readonly signal: number;
}

/** A launched process. */
export interface Launch {
  /** Its process id. */
  readonly pid: number;
  /** What it and its descendants reported, until it ended; to be read once. */
  readonly records: AsyncIterable<LaunchRecord>;
  /** Settles when it has ended; never rejects. */
  readonly exited: Promise<ExitStatus>;
  /** Our ends of the `pipe` entries of stdio. */
  readonly stdio: readonly [
    WritableStream<Uint8Array> | undefined,
    ReadableStream<Uint8Array> | undefined,
    ReadableStream<Uint8Array> | undefined,
  ];
}

/** Runs launch programs. */
export interface Kernel extends AsyncDisposable {
  /**
   * Starts `program` in a fresh process and resolves when that process exists.
   *
   * @throws {LaunchError} `UNAVAILABLE` if no process can be started or the port is gone; `CANCELED` by `signal`.
   */
  launch(program: Program, options?: LaunchOptions): Promise<Launch>;
}

/** @throws {LaunchError} `CANCELED` if `signal` is aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new LaunchError("CANCELED", "cannot run launch program: canceled", { cause: signal.reason });
}
