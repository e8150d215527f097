/**
 * The engine's own containerd: started, and started again whenever it ends.
 *
 * Its shims are not its children, so containers outlive it.
 * Source: moby `daemon/internal/libcontainerd/supervisor/remote_daemon.go`.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writeAtomically } from "../container/store.ts";
import { RtError } from "../errors.ts";
import type { Logger } from "../oci.ts";

/** How long it may take to answer. Milliseconds. */
const START_MS = 15_000;

/** Wait before it is started again. Milliseconds. */
const RESTART_MS = 200;

/** How it is to be started. */
export interface ContainerdProcessOptions {
  /** Program. */
  readonly binary: string;
  /** Directory of its data. */
  readonly root: string;
  /** Directory of its state, its socket and its pid file. */
  readonly state: string;
  readonly logLevel: string;
  readonly log: Logger;
}

/** A containerd that is kept running. */
export interface ContainerdProcess extends AsyncDisposable {
  /** Its socket. */
  readonly address: string;
}

/** Starts it and resolves when it answers. @throws {RtError} `UNAVAILABLE` if it does not. */
export async function startContainerd(options: ContainerdProcessOptions): Promise<ContainerdProcess> {
  const { log, state } = options;
  await mkdir(state, { recursive: true, mode: 0o711 });
  const address = join(state, "containerd.sock");
  const pidFile = join(state, "containerd.pid");
  let child: ChildProcess | undefined;
  let stopping = false;

  await endLeftover(pidFile, options.binary, log);
  const start = async (): Promise<void> => {
    const started = spawn(
      options.binary,
      [
        "--root",
        options.root,
        "--state",
        join(state, "daemon"),
        "--address",
        address,
        "--log-level",
        options.logLevel,
      ],
      { stdio: ["ignore", "inherit", "inherit"], env: process.env },
    );
    child = started;
    const failed = new Promise<never>((_resolve, reject) => {
      started.once("error", (cause) => {
        reject(
          new RtError("UNAVAILABLE", `cannot start containerd ${options.binary}: ${cause.message}`, {
            cause,
          }),
        );
      });
    });
    started.once("exit", (code, signal) => {
      if (stopping) return;
      log.error("containerd ended, starting it again", { code, signal });
      void sleep(RESTART_MS).then(async () => {
        if (!stopping) await start().catch((err) => log.error("cannot start containerd again", { err }));
      });
    });
    if (started.pid !== undefined) await writeAtomically(pidFile, String(started.pid));
    await Promise.race([answers(address), failed]);
  };
  await start();
  return {
    address,
    async [Symbol.asyncDispose]() {
      stopping = true;
      const running = child;
      if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
      const ended = new Promise((resolve) => running.once("exit", resolve));
      running.kill("SIGTERM");
      const timer = setTimeout(() => running.kill("SIGKILL"), 5000);
      await ended;
      clearTimeout(timer);
      await rm(pidFile, { force: true });
    },
  };
}

/** Ends the containerd of an engine that was killed: only one may use the state. */
async function endLeftover(pidFile: string, binary: string, log: Logger): Promise<void> {
  const pid = Number(await readFile(pidFile, "utf8").catch(() => ""));
  if (!Number.isInteger(pid) || pid <= 1) return;
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  const words = command.split("\0");
  const name = binary.split("/").at(-1)!.replace(/^rt-/, "");
  if (!words.some((word) => word.includes(name))) return;
  log.info("ending the containerd of an earlier engine", { pid });
  try {
    process.kill(pid, "SIGTERM");
    for (let i = 0; i < 50; i++) {
      process.kill(pid, 0);
      await sleep(100);
    }
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

/** Resolves when something accepts connections at `path`. */
async function answers(path: string): Promise<void> {
  const deadline = performance.now() + START_MS;
  for (;;) {
    const ok = await new Promise<boolean>((resolve) => {
      const socket = connect(path, () => {
        socket.destroy();
        resolve(true);
      });
      socket.on("error", () => resolve(false));
    });
    if (ok) return;
    if (performance.now() > deadline)
      throw new RtError("UNAVAILABLE", `containerd does not answer at ${path}`);
    await sleep(20);
  }
}
