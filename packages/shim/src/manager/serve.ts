/**
 * Serve: the task service of a group, until nobody needs it.
 *
 * It stays while it has tasks or clients, and a little longer for whoever comes next. It leaves in one step: the
 * socket goes and no connection is accepted from then on, so that who asks afterwards starts a new one.
 *
 * @module
 */
import { dirname } from "node:path";
import type { Logger } from "@rt/runc/oci";
import type { ShimConfig } from "../config.ts";
import { listenUnix, removeSocket } from "../host/unix_socket.ts";
import { addTaskService } from "../server/task.ts";
import type { Shim } from "../shim.ts";
import { TtrpcRouter, TtrpcServerConnection } from "../ttrpc/server.ts";

/** Options of {@linkcode serve}. */
export interface ServeOptions {
  /** Makes the service leave, whatever it has: containers and monitors live on. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Called once it listens. */
  readonly onReady: () => void;
}

/** Recovers the group's tasks and serves them; resolves when the service has left. */
export async function serve(config: ShimConfig, shim: Shim, options: ServeOptions): Promise<void> {
  const { log, signal } = options;
  const router = new TtrpcRouter();
  addTaskService(router, shim);
  await shim.recover(dirname(config.bundle));
  const connections = new Set<TtrpcServerConnection>();
  let lastUse = Date.now();
  const server = await listenUnix(config.socket, (socket) => {
    lastUse = Date.now();
    const connection = new TtrpcServerConnection(router, socket);
    connections.add(connection);
    void connection.closed.then(() => {
      connections.delete(connection);
      lastUse = Date.now();
    });
  });
  options.onReady();
  log.info("serving", { namespace: config.namespace, socket: config.socket, tasks: shim.size });
  await new Promise<void>((resolve) => {
    const idle = (): boolean =>
      shim.size === 0 && connections.size === 0 && Date.now() - lastUse >= config.lingerMs;
    const timer = setInterval(
      () => {
        if (idle()) leave();
      },
      Math.max(50, config.lingerMs / 3),
    );
    const leave = (): void => {
      clearInterval(timer);
      removeSocket(config.socket);
      server.close();
      resolve();
    };
    if (signal.aborted) leave();
    signal.addEventListener("abort", leave, { once: true });
  });
  for (const connection of connections) await connection[Symbol.asyncDispose]();
  log.info("left", { socket: config.socket });
}
