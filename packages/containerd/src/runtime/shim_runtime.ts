/**
 * Shims of tasks: started, found again after a restart, and cleaned up after when they die.
 *
 * A foreign shim is started for each container. Our own (`containerd-shim-rt-v2`) serves all containers of a namespace:
 * its address is kept, so that a container costs no process start; when it dies its monitors hold the containers, and
 * starting it again finds them. A foreign shim that dies takes its container along: its `delete` is run, and the exit
 * (137) and delete events are published in its place.
 * Source: containerd core/runtime/v2/{manager,shim,shim_load,binary}.go.
 *
 * @module
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { ShimAddress } from "@rt/shim/client";
import type { TypedAny } from "../api/call.ts";
import type { Containers } from "../api/containers.ts";
import type { ExitStatus } from "../api/tasks.ts";
import type { Config } from "../config.ts";
import { AlreadyExistsError, hasCode } from "../errors.ts";
import type { Exchange } from "../events/exchange.ts";
import type { Kernel } from "../kernel.ts";
import type { Logger } from "../oci.ts";
import {
  type Bundle,
  type BundleRoots,
  bundleAt,
  createBundle,
  deleteBundle,
  listDirectories,
  readShim,
  writeShim,
} from "./bundle.ts";
import { type ShimConnection, ShimConnections } from "./shim_connection.ts";
import { deleteDeadShim, isOwnShim, launchShim, shimBinary } from "./shim_launch.ts";
import { readShimLog, type ShimLog } from "./shim_log.ts";

/** How long finding, ending and deleting a shim may take each. Milliseconds; containerd's values. */
const [loadTimeoutMs, shutdownTimeoutMs, cleanupTimeoutMs] = [5000, 3000, 5000];

/** How often our own shim is started again before its containers are given up. */
const restartTries = 3;

/** What the runtime works with. */
export interface ShimRuntimeDeps {
  readonly containers: Pick<Containers, "get">;
  readonly exchange: Pick<Exchange, "emit">;
  readonly kernel: Kernel;
  readonly log: Logger;
}

/** A task and its shim. */
export interface Task {
  readonly bundle: Bundle;
  /** Shim binary, name or path. */
  readonly binary: string;
  /** The shim; waits while it is being started again. */
  shim(): Promise<ShimConnection>;
  /** How the task ended, once its shim has died with it. */
  readonly lost: Promise<ExitStatus>;
}

interface TaskEntry extends Task {
  connection: Promise<ShimConnection>;
  readonly lose: (exit: ExitStatus) => void;
  log?: ShimLog;
}

/** What to start a shim for. */
export interface NewTask {
  readonly namespace: string;
  readonly id: string;
  /** Runtime name or absolute path of a shim binary. */
  readonly runtime: string;
  readonly options?: TypedAny;
  /** OCI spec, JSON. */
  readonly spec: Uint8Array;
}

/** The shims of this daemon. */
export class ShimRuntime implements AsyncDisposable {
  readonly #config: Config;
  readonly #deps: ShimRuntimeDeps;
  readonly #roots: BundleRoots;
  readonly #tasks = new Map<string, TaskEntry>();
  readonly #creating = new Set<string>();
  readonly #connections: ShimConnections;
  /** Our own shim's address by namespace. */
  readonly #own = new Map<string, Promise<ShimAddress>>();
  #closing = false;

  /** Joins the parts; call {@linkcode ShimRuntime.load} before anything else. */
  constructor(config: Config, deps: ShimRuntimeDeps) {
    this.#config = config;
    this.#deps = deps;
    const name = "io.containerd.runtime.v2.task";
    this.#roots = { state: join(config.state, name), work: join(config.root, name) };
    this.#connections = new ShimConnections((connection) => void this.#disconnected(connection));
  }

  /** The task of a container, if it has one. */
  find(namespace: string, id: string): Task | undefined {
    return this.#tasks.get(`${namespace}/${id}`);
  }

  /** All tasks of a namespace, or of all. */
  list(namespace?: string): readonly Task[] {
    const all = [...this.#tasks.values()];
    return namespace === undefined ? all : all.filter((t) => t.bundle.namespace === namespace);
  }

  /**
   * Makes a bundle, starts a shim in it and gives the connection to `create`; undoes all of it if that fails.
   *
   * @throws {RtError} `ALREADY_EXISTS` if there is a task; `NOT_FOUND` if the shim is not installed.
   */
  async create<T>(task: NewTask, create: (shim: ShimConnection, bundle: Bundle) => Promise<T>): Promise<T> {
    const key = `${task.namespace}/${task.id}`;
    if (this.#tasks.has(key) || this.#creating.has(key)) throw new AlreadyExistsError(`task ${task.id}`);
    this.#creating.add(key);
    try {
      const bundle = createBundle(this.#roots, task.namespace, task.id, task.spec);
      return await this.#createIn(bundle, task, create);
    } finally {
      this.#creating.delete(key);
    }
  }

  /** Ends a deleted task's shim, if it serves nobody else, and removes the bundle. */
  async remove(task: Task): Promise<void> {
    const entry = task as TaskEntry;
    this.#forget(entry);
    if (!isOwnShim(entry.binary)) {
      const connection = await entry.connection.catch(() => undefined);
      if (connection !== undefined) await this.#shutDown(connection, entry.bundle.id);
    }
    await this.#removeBundle(entry);
  }

  /** Finds the tasks that an earlier daemon left: reconnects to living shims, cleans up after dead ones. */
  async load(): Promise<void> {
    const bundles: Bundle[] = [];
    for (const namespace of listDirectories(this.#roots.state)) {
      for (const id of listDirectories(join(this.#roots.state, namespace)))
        bundles.push(bundleAt(this.#roots, namespace, id));
    }
    await Promise.all(bundles.map((bundle) => this.#loadBundle(bundle)));
    for (const namespace of listDirectories(this.#roots.work)) {
      for (const id of listDirectories(join(this.#roots.work, namespace))) {
        if (!this.#tasks.has(`${namespace}/${id}`))
          await rm(join(this.#roots.work, namespace, id), { recursive: true, force: true });
      }
    }
  }

  /** Leaves the shims and their containers running; our own shims that serve nobody are ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    const idle = [...this.#own].filter(([namespace]) =>
      this.list(namespace).every((t) => !isOwnShim(t.binary)),
    );
    await Promise.all(
      idle.map(async ([namespace, address]) => {
        const connection = await this.#connections.get(await address, namespace);
        await connection.client.shutdown({ id: "", now: true }, { timeoutMs: shutdownTimeoutMs });
      }),
    ).catch(() => {});
    for (const task of this.#tasks.values()) await task.log?.[Symbol.asyncDispose]();
    await this.#connections[Symbol.asyncDispose]();
  }

  async #createIn<T>(
    bundle: Bundle,
    task: NewTask,
    create: (shim: ShimConnection, bundle: Bundle) => Promise<T>,
  ): Promise<T> {
    const binary = shimBinary(this.#config, task.runtime);
    const entry = this.#entry(bundle, binary);
    try {
      if (!isOwnShim(binary)) entry.log = await readShimLog(this.#deps.kernel, bundle, this.#deps.log);
      entry.connection = this.#start(bundle, binary, task.options);
      const connection = await entry.connection;
      writeShim(bundle, binary, connection.shim);
      this.#tasks.set(keyOf(bundle), entry);
      return await create(connection, bundle);
    } catch (err) {
      this.#forget(entry);
      await this.#undo(entry);
      throw err;
    }
  }

  /** Ends what a failed create has left. */
  async #undo(entry: TaskEntry): Promise<void> {
    const connection = await entry.connection.catch(() => undefined);
    if (connection?.open) {
      await connection.client
        .delete({ id: entry.bundle.id }, { timeoutMs: cleanupTimeoutMs })
        .catch(() => {});
      if (!isOwnShim(entry.binary)) await this.#shutDown(connection, entry.bundle.id);
    }
    await this.#removeBundle(entry);
  }

  /** Connects to the shim for a bundle: the running one of our own kind, or a new one. */
  async #start(bundle: Bundle, binary: string, options?: TypedAny): Promise<ShimConnection> {
    const { namespace } = bundle;
    if (!isOwnShim(binary))
      return this.#connections.get(await launchShim(this.#config, bundle, binary, options), namespace);
    for (let last = false; ; last = true) {
      const known = this.#own.get(namespace);
      const address = known ?? launchShim(this.#config, bundle, binary, options);
      this.#own.set(namespace, address);
      try {
        return await this.#connections.get(await address, namespace);
      } catch (err) {
        if (this.#own.get(namespace) === address) this.#own.delete(namespace);
        // It has ended since; a second failure is one of starting it.
        if (known === undefined || last) throw err;
      }
    }
  }

  #entry(bundle: Bundle, binary: string): TaskEntry {
    const lost = Promise.withResolvers<ExitStatus>();
    const connection: Promise<ShimConnection> = Promise.reject(new Error("the shim was not started"));
    connection.catch(() => {});
    const entry: TaskEntry = {
      bundle,
      binary,
      connection,
      lost: lost.promise,
      lose: lost.resolve,
      shim: () => entry.connection,
    };
    return entry;
  }

  #forget(entry: TaskEntry): void {
    if (this.#tasks.get(keyOf(entry.bundle)) === entry) this.#tasks.delete(keyOf(entry.bundle));
  }

  async #shutDown(connection: ShimConnection, id: string): Promise<void> {
    const options = { timeoutMs: shutdownTimeoutMs };
    await connection.client.shutdown({ id }, options).catch((err: unknown) => {
      if (!hasCode(err, "UNAVAILABLE")) this.#deps.log.warn("cannot shut down shim", { container: id, err });
    });
    await this.#connections.release(connection);
  }

  async #removeBundle(entry: TaskEntry): Promise<void> {
    await entry.log?.[Symbol.asyncDispose]();
    await deleteBundle(this.#deps.kernel, entry.bundle).catch((err: unknown) =>
      this.#deps.log.error("cannot remove bundle", { container: entry.bundle.id, err }),
    );
  }

  /** A shim's connection has ended: its tasks need another, or are over. */
  async #disconnected(connection: ShimConnection): Promise<void> {
    for (const [namespace, address] of this.#own) {
      if ((await address.catch(() => undefined))?.address === connection.shim.address)
        this.#own.delete(namespace);
    }
    if (this.#closing) return;
    for (const entry of this.#tasks.values()) {
      if ((await entry.connection.catch(() => undefined)) !== connection) continue;
      const { id, namespace } = entry.bundle;
      this.#deps.log.warn("shim disconnected", { container: id, namespace });
      if (isOwnShim(entry.binary)) entry.connection = this.#restart(entry);
      else void this.#cleanUp(entry);
    }
  }

  /** Starts our own shim again for a task of it; a task that it does not find is cleaned up after. */
  async #restart(entry: TaskEntry): Promise<ShimConnection> {
    for (let tries = 1; ; tries++) {
      try {
        const connection = await this.#start(entry.bundle, entry.binary);
        await connection.client.state({ id: entry.bundle.id }, { timeoutMs: loadTimeoutMs });
        writeShim(entry.bundle, entry.binary, connection.shim);
        return connection;
      } catch (err) {
        this.#deps.log.warn("cannot find container again", { container: entry.bundle.id, tries, err });
        if (tries < restartTries && !hasCode(err, "NOT_FOUND")) continue;
        void this.#cleanUp(entry);
        throw err;
      }
    }
  }

  /** Removes what a dead shim's task has left, and tells of its end in the shim's place. */
  async #cleanUp(entry: TaskEntry): Promise<void> {
    const { id, namespace } = entry.bundle;
    const known = this.#tasks.get(keyOf(entry.bundle)) === entry;
    let exit: ExitStatus & { pid: number } = { pid: 0, exitStatus: 255, exitedAt: new Date() };
    try {
      exit = await deleteDeadShim(this.#config, entry.bundle, entry.binary);
    } catch (err) {
      this.#deps.log.warn("cannot clean up after shim", { container: id, namespace, err });
    }
    this.#forget(entry);
    await this.#removeBundle(entry);
    if (known) {
      const fields = { containerId: id, pid: exit.pid, exitStatus: exit.exitStatus, exitedAt: exit.exitedAt };
      this.#deps.exchange.emit(namespace, { topic: "/tasks/exit", id, ...fields });
      this.#deps.exchange.emit(namespace, { topic: "/tasks/delete", id: "", ...fields });
    }
    entry.lose(exit);
  }

  async #loadBundle(bundle: Bundle): Promise<void> {
    const { log, containers } = this.#deps;
    const { binary: noted, shim } = readShim(bundle);
    let binary = noted;
    if (binary === undefined) {
      const container = await containers
        .get(bundle.id, { namespace: bundle.namespace })
        .catch(() => undefined);
      binary = container === undefined ? undefined : shimBinary(this.#config, container.runtime.name);
    }
    const entry = this.#entry(bundle, binary ?? "");
    if (binary === undefined || shim === undefined) {
      // Whoever made it did not get as far as a shim.
      if (binary !== undefined) await this.#cleanUp(entry);
      else await this.#removeBundle(entry);
      return;
    }
    this.#tasks.set(keyOf(bundle), entry);
    try {
      if (isOwnShim(binary)) {
        entry.connection = this.#restart(entry);
        await entry.connection;
      } else {
        entry.log = await readShimLog(this.#deps.kernel, bundle, log);
        entry.connection = this.#connections.get(shim, bundle.namespace);
        const { client } = await entry.connection;
        await client.connect({ id: bundle.id }, { timeoutMs: loadTimeoutMs });
        if (!(await hasTask(client, bundle.id))) {
          log.info("shim has no task", { container: bundle.id, namespace: bundle.namespace });
          this.#forget(entry);
          return await this.#undo(entry);
        }
      }
      log.debug("task found again", { container: bundle.id, namespace: bundle.namespace });
    } catch (err) {
      log.info("shim of task is gone", { container: bundle.id, namespace: bundle.namespace, err });
      if (!isOwnShim(binary)) await this.#cleanUp(entry);
    }
  }
}

const keyOf = (bundle: Bundle): string => `${bundle.namespace}/${bundle.id}`;

/** Whether a shim has made the task that it was started for: its daemon may have died in between. */
async function hasTask(client: ShimConnection["client"], id: string): Promise<boolean> {
  try {
    await client.state({ id }, { timeoutMs: loadTimeoutMs });
    return true;
  } catch (err) {
    if (hasCode(err, "NOT_FOUND")) return false;
    throw err;
  }
}
