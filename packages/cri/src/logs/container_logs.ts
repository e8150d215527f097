/**
 * Logs of all containers: one follower each, found again after a restart.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Engine } from "@rt/dockerd/api";
import { logPathOf } from "../convert/labels.ts";
import { type Logger, silentLogger } from "../oci.ts";
import { listEngineContainers } from "../sandbox/find.ts";
import { followLog } from "./follower.ts";
import { forgetPosition, LogFile, type LogFilePaths, touchLog } from "./log_file.ts";

/** How long calls wait for the rest of a log after the container's end. Milliseconds. */
const DRAIN_MS = 10_000;

const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 5000;

/** Log files of the containers. */
export interface ContainerLogs extends AsyncDisposable {
  /** Makes the file at `path`. */
  prepare(path: string): Promise<void>;
  /** Begins to copy the log of `container` to `path`; nothing if that is under way. */
  follow(container: string, path: string): void;
  /** Resolves when nothing is under way for `container`, or after ten seconds. */
  drained(container: string): Promise<void>;
  /** Goes on in a new file at `path`. */
  reopen(container: string, path: string): Promise<void>;
  /** Ends copying for a container that has been removed. */
  forget(container: string): Promise<void>;
  /** Goes on with all containers of the engine that were started, as soon as it answers; others' positions are removed. */
  resume(): Promise<void>;
}

/** Options of {@linkcode createContainerLogs}. */
export interface ContainerLogsOptions {
  readonly engine: Engine;
  /** Directory for positions of rotated logs. */
  readonly directory: string;
  readonly log?: Logger;
}

interface Follower {
  readonly file: Promise<LogFile>;
  readonly done: Promise<void>;
  readonly stop: AbortController;
}

/** Log files of the containers of `options.engine`. */
export function createContainerLogs(options: ContainerLogsOptions): ContainerLogs {
  return new Followers(options);
}

class Followers implements ContainerLogs {
  readonly #followers: Map<string, Follower> = new Map();
  readonly #engine: Engine;
  readonly #directory: string;
  readonly #log: Logger;
  readonly #closing: AbortController = new AbortController();

  constructor({ engine, directory, log = silentLogger }: ContainerLogsOptions) {
    this.#engine = engine;
    this.#directory = directory;
    this.#log = log;
  }

  prepare(path: string): Promise<void> {
    return touchLog(path);
  }

  follow(container: string, path: string): void {
    if (this.#followers.has(container) || this.#closing.signal.aborted) return;
    const stop = new AbortController();
    const file = LogFile.open(this.#paths(container, path));
    const follower: Follower = { file, stop, done: this.#run(container, file, stop.signal) };
    this.#followers.set(container, follower);
    void follower.done.then(() => {
      if (this.#followers.get(container) === follower) this.#followers.delete(container);
    });
  }

  async drained(container: string): Promise<void> {
    const follower = this.#followers.get(container);
    if (follower === undefined) return;
    const timer = new AbortController();
    const late = sleep(DRAIN_MS, undefined, { signal: timer.signal }).catch(() => undefined);
    await Promise.race([follower.done, late]);
    timer.abort();
  }

  async reopen(container: string, path: string): Promise<void> {
    const follower = this.#followers.get(container);
    if (follower === undefined) this.follow(container, path);
    else await (await follower.file).reopen();
    await touchLog(path);
  }

  async forget(container: string): Promise<void> {
    const follower = this.#followers.get(container);
    follower?.stop.abort();
    await follower?.done;
    await forgetPosition(this.#positionPath(container));
  }

  async resume(): Promise<void> {
    const { signal } = this.#closing;
    for (let wait = RETRY_MIN_MS; !signal.aborted; wait = Math.min(2 * wait, RETRY_MAX_MS)) {
      try {
        return await this.#resumeOnce();
      } catch (err) {
        if (signal.aborted) return;
        this.#log.warn("logs of running containers are not followed yet", { err });
      }
      await sleep(wait, undefined, { signal }).catch(() => undefined);
    }
  }

  async #resumeOnce(): Promise<void> {
    const containers = await listEngineContainers(
      { engine: this.#engine },
      "container",
      {},
      { signal: this.#closing.signal },
    );
    for (const { Id, Labels, State } of containers) {
      const path = logPathOf(Labels);
      // A log that somebody has cleared away after the end is not written again.
      const wanted = State === "running" || (State !== "created" && path !== undefined && existsSync(path));
      if (path !== undefined && wanted) this.follow(Id, path);
    }
    const known = new Set(containers.map((c) => `${c.Id}.json`));
    for (const name of await readdir(this.#directory).catch(() => [] as string[])) {
      if (!known.has(name)) await forgetPosition(join(this.#directory, name));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    const all = [...this.#followers.values()];
    for (const follower of all) follower.stop.abort();
    await Promise.all(all.map((f) => f.done));
  }

  async #run(container: string, opening: Promise<LogFile>, signal: AbortSignal): Promise<void> {
    try {
      await using file = await opening;
      await followLog({ engine: this.#engine, file }, container, { signal, log: this.#log });
    } catch (err) {
      this.#log.error("a container's log cannot be written", { container, err });
    }
  }

  #paths(container: string, log: string): LogFilePaths {
    return { log, position: this.#positionPath(container) };
  }

  #positionPath(container: string): string {
    return join(this.#directory, `${container}.json`);
  }
}
