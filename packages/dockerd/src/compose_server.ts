/**
 * The engine with its containerd below and its API above: what rt-dockerd runs.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ContainerdClient } from "@rt/containerd/client";
import { composeEngine } from "./compose.ts";
import type { EngineConfig } from "./config.ts";
import { writeAtomically } from "./container/store.ts";
import { ConflictError } from "./errors.ts";
import { startContainerd } from "./host/containerd_process.ts";
import { type Logger, silentLogger } from "./oci.ts";
import { createApp } from "./server/app.ts";
import { createHttpServer } from "./server/http_server.ts";
import { listen } from "./server/listen.ts";
import { engineRoutes } from "./server/routes/index.ts";

/** A running daemon. */
export interface EngineServer {
  /** Ends it; without live restore, stops the containers first. */
  shutdown(): Promise<void>;
}

/** Claims the pid file. @throws {ConflictError} with Docker's text if its process runs. */
async function claimPidFile(path: string): Promise<void> {
  const pid = Number(await readFile(path, "utf8").catch(() => ""));
  const command =
    pid > 0 && pid !== process.pid ? await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "") : "";
  if (command.includes("dockerd")) {
    throw new ConflictError(`process with PID ${pid} is still running: delete ${path} if it is no engine`);
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o711 });
  await writeAtomically(path, String(process.pid), 0o644);
}

/** Starts the daemon that `config` describes and resolves when it listens. */
export async function serveEngine(
  config: EngineConfig,
  options: { readonly log?: Logger } = {},
): Promise<EngineServer> {
  const log = options.log ?? silentLogger;
  await using stack = new AsyncDisposableStack();
  await claimPidFile(config.pidFile);
  stack.defer(() => rm(config.pidFile, { force: true }));
  let address = config.containerd;
  if (address === undefined) {
    const own = await startContainerd({
      binary: config.containerdBinary,
      root: join(config.dataRoot, "containerd"),
      state: join(config.execRoot, "containerd"),
      logLevel: config.logLevel,
      log,
    });
    stack.use(own);
    address = own.address;
  }
  const containerd = stack.use(new ContainerdClient({ address }));
  const engine = stack.use(
    await composeEngine({ config: { ...config, containerd: address }, containerd, log }),
  );
  const app = createApp(engineRoutes(engine), { log });
  for (const host of config.hosts) stack.use(await listen(createHttpServer(app), host, { log }));
  const owned = stack.move();
  return {
    async shutdown() {
      if (!config.liveRestore) await engine.stopContainers();
      await owned.disposeAsync();
      if (existsSync(config.pidFile)) await rm(config.pidFile, { force: true });
    },
  };
}
