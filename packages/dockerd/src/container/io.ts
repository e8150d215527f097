/**
 * FIFOs of a process: made before it, read into its streams and log, written from its input.
 *
 * The shim opens its ends while the task is created. Until then a writer of our own keeps the reading ends from
 * seeing an end, and input is opened for both, so that nothing blocks and nothing is lost. A restarted engine opens
 * the same FIFOs again: what the pipe holds is still there, because the shim holds its ends.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { OutputChunk } from "../api/engine.ts";
import {
  type FifoReader,
  type FifoWriter,
  type Kernel,
  makeFifo,
  openFifoReader,
  openFifoWriter,
} from "../kernel.ts";
import type { ProcessStreams } from "./streams.ts";

/** Paths of a process's FIFOs, as the task gets them; empty for what it does not have. */
export interface FifoPaths {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly terminal: boolean;
}

/** What the FIFOs of a process depend on. */
export interface FifoRequest {
  /** Directory for the container's FIFOs. */
  readonly dir: string;
  /** Name of the process within the container, e.g. `init`. */
  readonly name: string;
  readonly stdin: boolean;
  readonly tty: boolean;
}

/** The FIFO paths of a process; the same for the same process in every run of the engine. */
export function fifoPaths({ dir, name, stdin, tty }: FifoRequest): FifoPaths {
  return {
    stdin: stdin ? join(dir, `${name}-stdin`) : "",
    stdout: join(dir, `${name}-stdout`),
    stderr: tty ? "" : join(dir, `${name}-stderr`),
    terminal: tty,
  };
}

/** Makes the FIFOs. */
export async function makeFifos(kernel: Kernel, dir: string, paths: FifoPaths): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const wanted = [paths.stdin, paths.stdout, paths.stderr].filter((path) => path !== "");
  await Promise.all(
    wanted.map(async (path) => {
      await rm(path, { force: true });
      await makeFifo(kernel, path);
    }),
  );
}

/** Removes the FIFOs. */
export async function removeFifos(paths: FifoPaths): Promise<void> {
  const there = [paths.stdin, paths.stdout, paths.stderr].filter((path) => path !== "");
  await Promise.all(there.map((path) => rm(path, { force: true })));
}

/** Where output goes beside the listeners; called before them, in order. */
export type OutputSink = (chunk: OutputChunk) => void;

/** The open FIFOs of a process. */
export interface ProcessIo {
  readonly paths: FifoPaths;
  /** The task exists: from now on the end of its output is the end. */
  release(): Promise<void>;
  /** Resolves when all output was handed on. */
  readonly done: Promise<void>;
  /** Milliseconds of the monotonic clock at which output came last. */
  readonly lastOutputMs: number;
  /** Closes everything, whatever is still to come. */
  close(): Promise<void>;
}

/**
 * Opens the FIFOs at `paths` and moves bytes.
 *
 * @param closeInput Tells the runtime that the input has ended.
 */
export function openProcessIo(
  paths: FifoPaths,
  streams: ProcessStreams,
  sink: OutputSink,
  closeInput: () => Promise<void>,
): ProcessIo {
  const keepers: FifoWriter[] = [];
  const readers: FifoReader[] = [];
  let lastOutputMs = performance.now();

  const read = async (path: string, stream: OutputChunk["stream"]): Promise<void> => {
    if (path === "" || !existsSync(path)) return;
    const reader = openFifoReader(path);
    readers.push(reader);
    keepers.push(openFifoWriter(path));
    for await (const data of reader) {
      lastOutputMs = performance.now();
      const chunk = { stream, data };
      sink(chunk);
      const full = streams.publish(chunk);
      if (full !== undefined) await full;
    }
  };
  const ends = [read(paths.stdout, "stdout"), read(paths.stderr, "stderr")];
  const done = Promise.all(ends).then(
    () => {},
    () => {},
  );

  // Open now, so that the shim does not wait for a writer; used when the task is there, because what is written to a
  // FIFO that nobody else has open is lost when we close it.
  const input =
    paths.stdin !== "" && existsSync(paths.stdin)
      ? openFifoWriter(paths.stdin, { keepOpen: true })
      : undefined;
  return {
    paths,
    done,
    get lastOutputMs() {
      return lastOutputMs;
    },
    async release() {
      await Promise.all(keepers.splice(0).map((keeper) => keeper.close()));
      streams.connect(
        input && {
          write: (data) => input.write(data),
          async close() {
            await input.close();
            await closeInput();
          },
        },
      );
    },
    async close() {
      await Promise.all(
        [...keepers.splice(0), ...readers, ...(input === undefined ? [] : [input])].map((end) => end.close()),
      );
      await done;
    },
  };
}

/** How long output may take to end after the process has, with nothing coming. Milliseconds. */
const QUIET_MS = 2000;

/** Waits until all output has come, but not for output that nobody writes any more. */
export async function drain(io: ProcessIo): Promise<void> {
  for (;;) {
    const since = Math.max(io.lastOutputMs, 0);
    const ended = await Promise.race([
      io.done.then(() => true),
      new Promise<false>((resolve) => setTimeout(resolve, QUIET_MS, false).unref()),
    ]);
    if (ended || io.lastOutputMs === since) return;
  }
}
