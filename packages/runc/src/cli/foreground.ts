/**
 * A container process in the foreground: signals are passed on, the terminal is ours, its status becomes our own.
 *
 * Source: opencontainers/runc signals.go, tty.go.
 *
 * @module
 */
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { ConsoleTarget, LaunchedProcess } from "../api/oci_runtime.ts";
import { InvalidRequestError } from "../errors.ts";
import { resizeConsole } from "../host/console.ts";
import { makeFifo } from "../host/fifo.ts";
import { spawnKernel } from "../host/spawn_kernel.ts";

/** Signals that the container gets instead of us. */
const FORWARDED: readonly NodeJS.Signals[] = [
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGTERM",
  "SIGUSR1",
  "SIGUSR2",
  "SIGALRM",
  "SIGCONT",
];

/** Launches by `launch` and waits; the result is the exit status. */
export async function foreground(
  terminal: boolean,
  launch: (own: ConsoleTarget | undefined) => Promise<LaunchedProcess>,
): Promise<number> {
  await using resources = new AsyncDisposableStack();
  const own = terminal ? await openOwnTerminal(resources) : undefined;
  const { pid, exited } = await launch(own);
  for (const signal of FORWARDED) {
    const forward = (): void => {
      try {
        process.kill(pid, signal);
      } catch {
        // It is gone; its status will come.
      }
    };
    process.on(signal, forward);
    resources.defer(() => void process.off(signal, forward));
  }
  return (await exited)?.code ?? 0;
}

/** Puts our terminal into raw mode and follows its size. */
async function openOwnTerminal(resources: AsyncDisposableStack): Promise<ConsoleTarget> {
  try {
    closeSync(openSync("/dev/tty", "r+"));
  } catch (err) {
    throw new InvalidRequestError("open /dev/tty: no such device or address", err);
  }
  const directory = mkdtempSync(join(tmpdir(), "rt-runc-"));
  resources.defer(() => rmSync(directory, { recursive: true, force: true }));
  const control = join(directory, "resize");
  await using kernel = spawnKernel({ interpreter: "private" });
  await makeFifo(kernel, control);
  if (process.stdin.isTTY) {
    process.stdin.setRawMode(true);
    process.stdin.pause();
    resources.defer(() => void process.stdin.setRawMode(false));
  }
  const resize = (): void => {
    const { rows, columns } = process.stdout;
    if (rows > 0 && columns > 0) resizeConsole(control, { rows, columns });
  };
  process.on("SIGWINCH", resize);
  const first = setInterval(resize, 50);
  const stop = setTimeout(() => clearInterval(first), 500);
  resources.defer(() => {
    process.off("SIGWINCH", resize);
    clearInterval(first);
    clearTimeout(stop);
  });
  return { kind: "own", control };
}
