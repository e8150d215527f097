/**
 * Stdio of a process: FIFOs are opened by the launch program itself; the monitor only holds them open.
 *
 * The monitor holds both ends of each FIFO. So the process never waits for its peer, is not ended by a peer that
 * goes away, and what it wrote is kept until somebody reads it. Its standard input ends when the peer has closed its
 * end *and* the monitor has let go of its own: that is what CloseIO does.
 *
 * A terminal is relayed by a process of the monitor; resizing goes through a FIFO of its own.
 *
 * @module
 */
import { closeSync, constants, openSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { ProcessIo, StdioStream } from "@rt/runc/api";
import { type MonitorKernel, makeFifo } from "@rt/runc/kernel";
import { hasCode, RtError } from "@rt/runc/oci";
import type { ProcessRecord } from "./record.ts";
import type { Task } from "./task.ts";

/** A stdio path as the runtime's stream. @throws {RtError} `NOT_IMPLEMENTED` for logging programs. */
function streamOf(uri: string): StdioStream {
  if (uri === "") return { kind: "null" };
  if (uri.startsWith("/")) return { kind: "file", path: uri };
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  if (url?.protocol === "fifo:") return { kind: "file", path: url.pathname };
  if (url?.protocol === "file:")
    return { kind: "file", path: decodeURIComponent(url.pathname), append: true };
  throw new RtError("NOT_IMPLEMENTED", `unknown STDIO scheme ${url?.protocol.slice(0, -1) ?? uri}`);
}

/** The path of a stream that is a FIFO. */
function fifoOf(uri: string): string | undefined {
  const stream = streamOf(uri);
  if (stream.kind !== "file") return undefined;
  try {
    return statSync(stream.path).isFIFO() ? stream.path : undefined;
  } catch {
    return undefined;
  }
}

/** Lets the monitor hold the FIFOs of `process`, makes its resize FIFO, and says how the runtime joins it to them. */
export async function openStdio(
  task: Task,
  monitor: MonitorKernel,
  process: ProcessRecord,
): Promise<ProcessIo> {
  const { stdin, stdout, stderr, terminal } = process.stdio;
  const hold = async (name: "stdin" | "stdout" | "stderr", uri: string): Promise<void> => {
    const path = fifoOf(uri);
    if (path !== undefined) process.holds[name] = (await monitor.hold(path, { drain: name !== "stdin" })).id;
  };
  await hold("stdin", stdin);
  await hold("stdout", stdout);
  if (!terminal) {
    await hold("stderr", stderr);
    return { stdin: streamOf(stdin), stdout: streamOf(stdout), stderr: streamOf(stderr) };
  }
  process.control = join(task.record.monitor, `console-${process.execId === "" ? "init" : process.execId}`);
  rmSync(process.control, { force: true });
  await makeFifo(task.deps.kernel, process.control);
  process.holds.control = (await monitor.hold(process.control)).id;
  const out = stdout === "" ? "/dev/null" : stdout;
  const relay = { kind: "relay", stdout: out, control: process.control } as const;
  return { console: stdin === "" ? relay : { ...relay, stdin } };
}

/** Lets the monitor let go of the FIFOs of `process`. */
export async function releaseHolds(task: Task, process: ProcessRecord): Promise<void> {
  const { monitor } = task;
  const ids = Object.values(process.holds);
  process.holds = {};
  if (process.control !== undefined) rmSync(process.control, { force: true });
  if (monitor === undefined) return;
  for (const id of ids) await monitor.release(id).catch(() => {});
}

/** Closes the monitor's end of standard input, so that the process sees its end once the peer has closed too. */
export async function closeStdin(task: Task, process: ProcessRecord): Promise<void> {
  const { stdin } = process.holds;
  if (stdin === undefined) return;
  delete process.holds.stdin;
  task.save();
  await task.monitor?.release(stdin).catch((err: unknown) => {
    // The monitor has ended meanwhile, and all its ends with it.
    if (!hasCode(err, "UNAVAILABLE")) throw err;
  });
}

/**
 * Tells the relay of `process`'s terminal a new size: `struct winsize` {rows, columns, 0, 0}, four u16.
 *
 * @throws {RtError} `FAILED_PRECONDITION` in the peer's words (containerd process/init_state.go) if it has ended.
 */
export function resizeTerminal(process: ProcessRecord, width: number, height: number): void {
  if (process.control === undefined) return;
  const winsize = new Uint8Array(8);
  const view = new DataView(winsize.buffer);
  view.setUint16(0, height, true);
  view.setUint16(2, width, true);
  let fd: number | undefined;
  try {
    fd = openSync(process.control, constants.O_WRONLY | constants.O_NONBLOCK);
    writeSync(fd, winsize);
  } catch (err) {
    throw new RtError("FAILED_PRECONDITION", "cannot resize a stopped container", { cause: err });
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
