/**
 * Our own daemon as a process for system tests, from source, on any engine.
 *
 * @module
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Engines that the daemon can be run on here. */
export type DaemonEngine = "node" | "bun";

const repository = join(import.meta.dirname, "../../../..");
const main = join(import.meta.dirname, "../../src/cli/main.ts");
const shimMain = join(repository, "packages/shim/src/cli/main.ts");

/** Command that runs a source file on an engine; undefined if the engine is not installed. */
export function engineCommand(engine: DaemonEngine): string[] | undefined {
  const bun = join(repository, "node_modules/@oven/bun-linux-x64/bin/bun");
  if (engine === "bun") return existsSync(bun) ? [bun, "--conditions=rt-source"] : undefined;
  return [process.execPath, "--disable-warning=ExperimentalWarning", "--conditions=rt-source"];
}

/** A daemon that runs. */
export class RtContainerd implements AsyncDisposable {
  readonly dir: string = mkdtempSync(join(tmpdir(), "rt-cd-"));
  readonly address: string = join(this.dir, "c.sock");
  readonly #engine: DaemonEngine;
  #child: ChildProcess | undefined;

  private constructor(engine: DaemonEngine) {
    this.#engine = engine;
    // Our own shim from source too; its name tells the daemon that it is ours.
    const shim = join(this.dir, "bin/containerd-shim-rt-v2");
    mkdirSync(join(this.dir, "bin"));
    writeFileSync(shim, `#!/bin/sh\nexec ${engineCommand(engine)?.join(" ")} ${shimMain} "$@"\n`);
    chmodSync(shim, 0o755);
    const table = 'plugins."io.containerd.runtime.v2.task".shims';
    writeFileSync(
      join(this.dir, "config.toml"),
      `version = 2\n[${table}]\n"io.containerd.rt.v2" = "${shim}"\n`,
    );
  }

  /** Process id of the daemon. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Starts a daemon with directories of its own. */
  static async start(engine: DaemonEngine = "node"): Promise<RtContainerd> {
    const daemon = new RtContainerd(engine);
    await daemon.run();
    return daemon;
  }

  /** Starts the process (again) and waits until it answers. */
  async run(): Promise<void> {
    const log = openSync(join(this.dir, "log"), "a");
    const [program = "", ...args] = engineCommand(this.#engine) ?? [];
    const places = [
      "--root",
      join(this.dir, "root"),
      "--state",
      join(this.dir, "state"),
      "--address",
      this.address,
    ];
    this.#child = spawn(program, [...args, main, ...places, "-l", "debug"], { stdio: ["ignore", log, log] });
    for (let tries = 0; tries < 200; tries++) {
      if (this.#child.exitCode !== null) break;
      if (existsSync(this.address) && this.ctr("version").status === 0) return;
      await sleep(50);
    }
    throw new Error(`rt-containerd does not answer: ${this.log()}`);
  }

  /** What the daemon has logged. */
  log(): string {
    return readFileSync(join(this.dir, "log"), "utf8");
  }

  /** Runs the real ctr against the daemon. */
  ctr(...args: string[]): { status: number | null; stdout: string; stderr: string } {
    const { status, stdout, stderr } = spawnSync("ctr", ["-a", this.address, ...args], {
      encoding: "utf8",
      timeout: 30_000,
    });
    return { status, stdout, stderr };
  }

  /** Runs the real ctr with standard input from a file and its output as bytes. */
  ctrWith(input: string, ...args: string[]): { status: number | null; stdout: Buffer; stderr: Buffer } {
    const stdin = openSync(input, "r");
    const options = {
      stdio: [stdin, "pipe", "pipe"] as [number, "pipe", "pipe"],
      maxBuffer: 256 * 1024 * 1024,
    };
    const { status, stdout, stderr } = spawnSync("ctr", ["-a", this.address, ...args], options);
    closeSync(stdin);
    return { status, stdout, stderr };
  }

  /** Ends the process by `signal` and waits for it. @returns its exit code. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null)
      return child?.exitCode ?? null;
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await exited;
    return child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
