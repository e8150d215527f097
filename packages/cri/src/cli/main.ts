/**
 * `rt-cri`: the daemon, with cri-dockerd's flags.
 *
 * @module
 */
import { serveDaemon } from "../compose.ts";
import { type Config, helpText, parseCommandLine, VERSION } from "../config.ts";
import { errorLine } from "../errors.ts";
import { createLogger, textSink } from "../oci.ts";

/** Runs the command line; resolves with the exit code. */
async function main(argv: readonly string[]): Promise<number> {
  const line = parseCommandLine(argv);
  switch (line.command) {
    case "version":
      process.stdout.write(`rt-cri @rt/cri ${VERSION}\n`);
      return 0;
    case "help":
      process.stdout.write(helpText());
      return 0;
    case "serve":
      return await daemon(line.config);
  }
}

/** Serves until SIGTERM or SIGINT; pods live on. */
async function daemon(config: Config): Promise<number> {
  const log = createLogger(
    textSink((line) => process.stderr.write(line)),
    { level: config.logLevel },
  );
  const stopped = Promise.withResolvers<void>();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.on(name, () => stopped.resolve());
  process.on("SIGPIPE", () => {});
  await using _daemon = await serveDaemon(config, { log });
  log.info("CRI server started", { address: config.address, engine: config.engineAddress });
  await stopped.promise;
  log.info("stopping");
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
  // Connections of clients that do not leave must not keep the daemon.
  process.exit();
} catch (err) {
  process.stderr.write(`rt-cri: ${errorLine(err)}\n`);
  process.exit(1);
}
