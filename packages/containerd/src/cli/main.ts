/**
 * `rt-containerd`: the daemon, with containerd's flags and commands.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { ContainerdClient } from "../client/containerd_client.ts";
import { serveContainerd } from "../compose.ts";
import {
  type Config,
  defaultConfig,
  dumpConfig,
  loadConfig,
  logLevel,
  VERSION,
  withFlags,
} from "../config.ts";
import { createLogger, errorLine, formatHelp, jsonSink, parseFlags, textSink } from "../oci.ts";
import { publishEvent } from "./publish.ts";

const flags = {
  config: { type: "string", aliases: ["c"], usage: "path to the configuration file" },
  "log-level": {
    type: "string",
    aliases: ["l"],
    usage: "set the logging level [trace, debug, info, warn, error, fatal, panic]",
  },
  address: { type: "string", aliases: ["a"], usage: "address for the gRPC server" },
  root: { type: "string", usage: "root directory" },
  state: { type: "string", usage: "state directory" },
  help: { type: "boolean", aliases: ["h"], hidden: true },
  version: { type: "boolean", aliases: ["v"], usage: "print the version" },
} as const;

const commands = [
  { name: "config", usage: "information on the configuration: `config default`, `config dump`" },
  { name: "publish", usage: "publish an event, read from stdin" },
];

/** Runs the command line; resolves with the exit code. */
async function main(argv: readonly string[]): Promise<number> {
  const { values, args } = parseFlags(flags, argv);
  if (values.version) {
    process.stdout.write(`rt-containerd @rt/containerd ${VERSION}\n`);
    return 0;
  }
  if (values.help || args[0] === "help") {
    process.stdout.write(
      formatHelp({ name: "rt-containerd", usage: "container daemon", version: VERSION, commands, flags }),
    );
    return 0;
  }
  const config = readConfig(values);
  switch (args[0]) {
    case undefined:
      return await daemon(config);
    case "config":
      process.stdout.write(dumpConfig(args[1] === "default" ? defaultConfig() : config));
      return 0;
    case "publish": {
      await using client = new ContainerdClient({ address: config.address });
      await publishEvent(client, args.slice(1), process.stdin);
      return 0;
    }
    default:
      throw new Error(`no such command: ${args[0]}`);
  }
}

function readConfig(values: {
  config?: string | undefined;
  address?: string | undefined;
  root?: string | undefined;
  state?: string | undefined;
  "log-level"?: string | undefined;
}): Config {
  const path = values.config ?? "/etc/rt/containerd/config.toml";
  const file = values.config !== undefined || existsSync(path) ? loadConfig(path) : defaultConfig();
  const level = values["log-level"];
  return withFlags(file, {
    ...(values.root === undefined ? {} : { root: values.root }),
    ...(values.state === undefined ? {} : { state: values.state }),
    ...(values.address === undefined ? {} : { address: values.address.replace(/^unix:\/\//, "") }),
    ...(level === undefined ? {} : { logLevel: logLevel(level) }),
  });
}

/** Serves until SIGTERM or SIGINT; containers live on. */
async function daemon(config: Config): Promise<number> {
  const sink = config.logFormat === "json" ? jsonSink : textSink;
  const log = createLogger(
    sink((line) => process.stderr.write(line)),
    { level: config.logLevel },
  );
  const stopped = Promise.withResolvers<void>();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.on(name, () => stopped.resolve());
  process.on("SIGPIPE", () => {});
  // A client that goes away at a bad moment must not take the daemon along.
  process.on("unhandledRejection", (err) => log.error("unhandled rejection", { err }));
  const startedAt = performance.now();
  await using _containerd = await serveContainerd(config, { log });
  log.info("containerd successfully booted", {
    address: config.address,
    dur_ms: Math.round(performance.now() - startedAt),
  });
  await stopped.promise;
  log.info("stopping");
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
  // Connections of clients that do not leave must not keep the daemon.
  process.exit();
} catch (err) {
  process.stderr.write(`rt-containerd: ${errorLine(err)}\n`);
  process.exit(1);
}
