/**
 * Start: finds the running task service of a container's group, or starts one.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { ShimConfig } from "../config.ts";
import { loadRecord } from "../task/record.ts";
import { groupOf, groupSocket } from "./group.ts";
import { answers } from "./probe.ts";

/** How long a service may take to answer, or to start. Milliseconds. */
const ANSWER_MS = 2000;
const START_MS = 15_000;

/**
 * Makes sure that the service of the container's group runs; resolves with its socket.
 *
 * Starters that run at the same time find one service: the first holds a lock while it starts it.
 * @throws {RtError} if config.json cannot be read, or the service does not start.
 */
export async function startService(config: ShimConfig): Promise<string> {
  const socket = socketOf(config);
  if (!(await answers(socket, ANSWER_MS))) {
    mkdirSync(config.socketDir, { recursive: true, mode: 0o711 });
    const { withLock } = await import("../host/lock.ts");
    await withLock(lockFile(socket), START_MS, async () => {
      if (await answers(socket, ANSWER_MS)) return;
      const { removeSocket } = await import("../host/unix_socket.ts");
      const { spawnService } = await import("../host/spawn_service.ts");
      removeSocket(socket);
      await spawnService(config, socket, START_MS);
    });
  }
  writeFileSync(join(config.bundle, "address"), `unix://${socket}`, { mode: 0o600 });
  return socket;
}

/** Where the container's service listens: where it was created, if it was, else where its group's does. */
function socketOf(config: ShimConfig): string {
  const { socketDir, address, namespace, bundle } = config;
  return loadRecord(bundle)?.address ?? groupSocket(socketDir, address, namespace, groupOf(bundle));
}

/** The lock for starting what listens on `socket`: one of 16 files that stay, so that unrelated groups seldom wait. */
function lockFile(socket: string): string {
  return join(dirname(socket), `rt-${basename(socket)[0]}.lock`);
}
