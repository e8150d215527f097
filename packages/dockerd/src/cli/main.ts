#!/usr/bin/env node
/**
 * rt-dockerd: the Docker engine as a daemon, with dockerd's flags.
 *
 * @module
 */
import { join } from "node:path";
import { API_VERSION, ENGINE_VERSION } from "../api/version.ts";
import { serveEngine } from "../compose_server.ts";
import { errorLine } from "../errors.ts";
import { createLogger, formatHelp, textSink } from "../oci.ts";
import { FLAGS, parseCommandLine } from "./flags.ts";

/** Where the stack's programs are, seen from the bundle or from the source. */
const BIN = join(import.meta.dirname, "../../bin");

/** Runs the command line; resolves with the exit code. */
async function main(argv: readonly string[]): Promise<number> {
  const { config, warnings, version, help } = parseCommandLine(argv, BIN);
  if (version) {
    console.log(`rt-dockerd version ${ENGINE_VERSION}, API ${API_VERSION}`);
    return 0;
  }
  if (help) {
    console.log(
      formatHelp({
        name: "rt-dockerd",
        usage: "A self-sufficient runtime for containers",
        version: ENGINE_VERSION,
        commands: [],
        flags: FLAGS,
      }),
    );
    return 0;
  }
  const log = createLogger(
    textSink((line) => process.stderr.write(line)),
    { level: config.logLevel },
  );
  for (const text of warnings) log.warn(text);
  const stopped = Promise.withResolvers<void>();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.on(name, () => stopped.resolve());
  process.on("SIGPIPE", () => {});
  process.on("SIGHUP", () => {});
  process.on("unhandledRejection", (err) => log.error("unhandled rejection", { err }));
  const server = await serveEngine(config, { log });
  log.info("Daemon has completed initialization");
  await stopped.promise;
  log.info("Processing signal: shutting down");
  await server.shutdown();
  return 0;
}

try {
  process.exit(await main(process.argv.slice(2)));
} catch (err) {
  process.stderr.write(`rt-dockerd: ${errorLine(err)}\n`);
  process.exit(1);
}
