/**
 * The task service as a program: logs to containerd's FIFO, serves until nobody needs it.
 *
 * @module
 */
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createLogger, type Logger, messageOf, textSink } from "@rt/runc/oci";
import { compose } from "../compose.ts";
import type { ShimConfig } from "../config.ts";
import { serve } from "../manager/serve.ts";

/** A logger to a file of our own, or to the FIFO `log` of the bundle, where containerd reads; else silent. */
function openLog(config: ShimConfig): Logger {
  let fd: number | undefined;
  try {
    fd =
      config.logFile === ""
        ? openSync(join(config.bundle, "log"), constants.O_WRONLY | constants.O_NONBLOCK)
        : openSync(config.logFile, "a", 0o600);
  } catch {
    // Nobody listens.
  }
  const write = (line: string): void => {
    if (fd === undefined) return;
    try {
      writeSync(fd, line);
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code !== "EPIPE") return;
      closeSync(fd);
      fd = undefined;
    }
  };
  const fields = { runtime: "io.containerd.rt.v2", namespace: config.namespace, pid: process.pid };
  return createLogger(textSink(write), { level: config.debug ? "debug" : "info", fields });
}

/** Tells the starter that the service listens, or why it does not. */
function tellStarter(text: string): void {
  const fd = Number(process.env.RT_SHIM_READY_FD ?? "0");
  if (fd < 3) return;
  try {
    writeSync(fd, text);
    closeSync(fd);
  } catch {
    // The starter is gone.
  }
}

/** Serves the group of `config` on its socket. */
export async function serveCommand(config: ShimConfig): Promise<void> {
  // As the peers' command lines, so that `ps` tells whose service it is.
  process.title = `containerd-shim-rt-v2 -namespace ${config.namespace} -address ${config.address}`;
  const log = openLog(config);
  process.chdir("/");
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.on(name, () => stop.abort());
  for (const name of ["SIGPIPE", "SIGHUP"] as const) process.on(name, () => {});
  process.on("unhandledRejection", (err) => log.error("unhandled rejection", { err }));
  process.on("uncaughtException", (err) => {
    // Whoever needs the service starts it again, and it finds everything.
    log.error("uncaught exception", { err, stack: err.stack });
    process.exit(1);
  });
  try {
    // Who asked it to leave gets the answer first.
    await using parts = compose(config, log, () => setTimeout(() => stop.abort(), 10));
    await serve(config, parts.shim, { signal: stop.signal, log, onReady: () => tellStarter("ready\n") });
  } catch (err) {
    log.error("cannot serve", { err });
    tellStarter(`${messageOf(err)}\n`);
    throw err;
  }
}
