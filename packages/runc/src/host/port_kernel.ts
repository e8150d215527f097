/**
 * Kernel port by a port process: a daemon pays no fork of its own per launch.
 *
 * The port is started at the first launch, and again if it is lost; it ends with this process.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { LaunchError } from "../errors.ts";
import { portProgram, READY_TAG } from "../launch/port_program.ts";
import type { Program } from "../launch/program.ts";
import { RECORD_KIND } from "../launch/program.ts";
import { keepAlive } from "./keep_alive.ts";
import type { Kernel, Launch, LaunchOptions } from "./kernel.ts";
import type { ReapedProcess } from "./port_client.ts";
import { PortClient } from "./port_client.ts";
import { inFirstDirectory, SCRATCH_DIRECTORIES } from "./private_file.ts";
import type { RawLaunchOptions, SpawnKernelOptions } from "./spawn_kernel.ts";
import { spawnKernel } from "./spawn_kernel.ts";

/** Options of {@linkcode portKernel}. */
export interface PortKernelOptions extends SpawnKernelOptions {
  /** What `ps` shows; at most 15 bytes. @default {"rt-port"} */
  readonly name?: string;
  /** Receives the end of every process the port inherits: what its launches left behind. */
  readonly onExit?: (exit: ReapedProcess) => void;
}

/**
 * A kernel port that forks each program from a port process. Launches with stdio `pipe` are spawned instead.
 *
 * @throws {LaunchError} `NOT_IMPLEMENTED` on an architecture without interpreter.
 */
export function portKernel(options: PortKernelOptions = {}): Kernel {
  return new PortKernel(options);
}

interface RunningPort {
  readonly client: PortClient;
  readonly directory: string;
  stop(): Promise<void>;
}

class PortKernel implements Kernel {
  readonly #options: PortKernelOptions;
  readonly #spawn: Kernel;
  #port: Promise<RunningPort> | undefined;

  constructor(options: PortKernelOptions) {
    this.#options = options;
    this.#spawn = spawnKernel(options);
  }

  async launch(program: Program, options: LaunchOptions = {}): Promise<Launch> {
    if (options.stdio?.includes("pipe") === true) return this.#spawn.launch(program, options);
    const { client } = await this.#running();
    return client.launch(program, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const port = await this.#port?.catch(() => undefined);
    this.#port = undefined;
    await port?.stop();
    await this.#spawn[Symbol.asyncDispose]();
  }

  async #running(): Promise<RunningPort> {
    const port = await (this.#port ??= keepAlive(this.#start()));
    if (!port.client.gone) return port;
    // Of all who find it gone, the first starts anew.
    const next = this.#port;
    if ((await next) === port) this.#port = keepAlive(this.#start());
    return this.#running();
  }

  async #start(): Promise<RunningPort> {
    const scratch = this.#options.directories ?? SCRATCH_DIRECTORIES;
    const directory = inFirstDirectory(scratch, (parent) => mkdtempSync(join(parent, "rt-port-")));
    const program = portProgram({ directory, monitor: false, name: this.#options.name ?? "rt-port" });
    const ready = Promise.withResolvers<void>();
    let client: PortClient | undefined;
    const options: RawLaunchOptions = {
      argv: [this.#options.name ?? "rt-port"],
      stdio: ["pipe", "inherit", "inherit"],
      unref: true,
      onRaw: (raw) => {
        if (client !== undefined) client.receive(raw);
        else if (raw.kind === RECORD_KIND.value && raw.tag === READY_TAG) ready.resolve();
        else
          ready.reject(
            new LaunchError("INTERNAL", `cannot ${program.ops[raw.tag]?.name}: errno ${raw.value}`),
          );
      },
    };
    try {
      const launch = await this.#spawn.launch(program, options);
      void launch.exited.then(() => {
        ready.reject(new LaunchError("UNAVAILABLE", "cannot start port: it has ended"));
        client?.close("it has ended");
        rmSync(directory, { recursive: true, force: true });
      });
      await ready.promise;
      const { onExit, emulator } = this.#options;
      client = new PortClient({
        directory,
        program: () => program,
        arch: emulator?.arch,
        ...(onExit === undefined ? {} : { onExit }),
      });
      const connected = client;
      const stop = async (): Promise<void> => {
        connected.close();
        await launch.stdio[0]?.close();
        await keepAlive(launch.exited);
      };
      return { client, directory, stop };
    } catch (err) {
      this.#port = undefined;
      rmSync(directory, { recursive: true, force: true });
      throw err;
    }
  }
}
