/**
 * Run: a container from a directory and a command line, with its streams, deleted when it is done.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { CallOptions, ExitStatus } from "../api/oci_runtime.ts";
import { type ComposeOptions, compose } from "../compose.ts";
import { spawnKernel } from "../host/spawn_kernel.ts";
import { openStdioPipes } from "../host/stdio_pipes.ts";
import { defaultSpec, type Spec } from "../oci.ts";

/** What to run. */
export interface RunRequest {
  /** Directory that becomes the root of the container. */
  readonly rootfs: string;
  /** Program and arguments. */
  readonly args: readonly string[];
  /** Environment, `NAME=value`, beside PATH. */
  readonly env?: readonly string[];
  /** Working directory. @default {"/"} */
  readonly cwd?: string;
  /** User and group. @default {0 and 0} */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Container id. @default {random} */
  readonly id?: string;
  /** Makes the configuration, from the one that is meant to be run. */
  readonly configure?: (spec: Spec) => Spec;
}

/** Options of {@linkcode run}. */
export interface RunOptions extends CallOptions, ComposeOptions {}

/** A container that runs. Disposing it kills and deletes it. */
export interface RunningContainer extends AsyncDisposable {
  readonly id: string;
  /** Pid of its init. */
  readonly pid: number;
  /** Its standard input. */
  readonly stdin: { write(chunk: Uint8Array): Promise<void>; close(): Promise<void> };
  /** What it writes to standard output. */
  readonly stdout: AsyncIterable<Uint8Array>;
  /** What it writes to standard error. */
  readonly stderr: AsyncIterable<Uint8Array>;
  /** How it ended. */
  readonly exited: Promise<ExitStatus>;
}

/**
 * Runs a container. `options.signal` kills it.
 *
 * @throws {StartProcessError} naming the step that failed; nothing is left behind.
 *
 * @example
 * ```ts ignore
 * import { run } from "@rt/runc";
 * await using box = await run({ rootfs: "/srv/busybox", args: ["echo", "hello"] });
 * for await (const chunk of box.stdout) console.log(new TextDecoder().decode(chunk));
 * console.log((await box.exited).code);
 * ```
 */
export async function run(request: RunRequest, options: RunOptions = {}): Promise<RunningContainer> {
  const resources = new AsyncDisposableStack();
  try {
    const kernel = options.kernel ?? resources.use(spawnKernel());
    const root = options.root ?? scratch(resources);
    const runtime = compose({ ...options, kernel, root });
    const id = request.id ?? `rt-${randomBytes(6).toString("hex")}`;
    const pipes = await openStdioPipes(kernel);
    const ends = [pipes.stdin, pipes.stdout, pipes.stderr];
    resources.defer(async () => void (await Promise.all(ends.map((end) => end.close()))));
    const [stdin, stdout, stderr] = pipes.fds;
    const fd = (number: number) => ({ kind: "fd", fd: number }) as const;
    resources.defer(() => runtime.delete({ id, force: true }));
    const { pid, exited } = await runtime
      .createStarted(
        {
          id,
          bundle: resolve(request.rootfs),
          spec: specOf(request),
          io: { stdin: fd(stdin), stdout: fd(stdout), stderr: fd(stderr) },
        },
        options,
      )
      .finally(() => pipes.release());
    return {
      id,
      pid,
      stdin: pipes.stdin,
      stdout: pipes.stdout,
      stderr: pipes.stderr,
      exited: exited!,
      [Symbol.asyncDispose]: () => resources.disposeAsync(),
    };
  } catch (err) {
    await resources.disposeAsync();
    throw err;
  }
}

function scratch(resources: AsyncDisposableStack): string {
  const directory = mkdtempSync(join(tmpdir(), "rt-runc-"));
  resources.defer(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function specOf(request: RunRequest): Spec {
  const base = defaultSpec();
  const spec: Spec = {
    ...base,
    root: { path: resolve(request.rootfs), readonly: false },
    hostname: "rt",
    process: {
      ...base.process!,
      terminal: false,
      args: [...request.args],
      env: [...(base.process?.env ?? []).filter((line) => line.startsWith("PATH=")), ...(request.env ?? [])],
      cwd: request.cwd ?? "/",
      user: { ...request.user, uid: request.user?.uid ?? 0, gid: request.user?.gid ?? 0 },
    },
  };
  return request.configure?.(spec) ?? spec;
}
