#!/usr/bin/env node
/**
 * rt-docker: a small client for the everyday commands, over {@linkcode createEngineClient}.
 *
 * The real docker CLI is the client for everything; this one shows how little a client of the Engine interface takes,
 * and serves where no docker CLI is installed.
 *
 * @module
 */
import { createEngineClient } from "../client/index.ts";
import { DEFAULT_HOST } from "../config.ts";
import { errorLine } from "../errors.ts";
import { formatHelp, parseFlags } from "../oci.ts";
import { runContainer, showLogs } from "./docker_run.ts";
import { listContainers, listImages, pullImage, removeContainers, showVersion } from "./docker_show.ts";
import type { Command } from "./docker_table.ts";

const COMMANDS: Readonly<Record<string, { readonly usage: string; readonly run: Command }>> = {
  images: { usage: "list images", run: listImages },
  logs: { usage: "show the logs of a container: logs [-f] [--tail N] CONTAINER", run: showLogs },
  ps: { usage: "list containers: ps [-a]", run: listContainers },
  pull: { usage: "pull an image: pull NAME", run: pullImage },
  rm: { usage: "remove containers: rm [-f] CONTAINER...", run: removeContainers },
  run: {
    usage: "run a container: run [-d] [-i] [--rm] [--name NAME] [--network NET] IMAGE [COMMAND...]",
    run: runContainer,
  },
  version: { usage: "show the versions of client and engine", run: showVersion },
};

const FLAGS = {
  host: { type: "string", aliases: ["H"], usage: "engine to talk to" },
  help: { type: "boolean", aliases: ["h"], hidden: true },
} as const;

/** Runs the command line; resolves with the exit code. */
async function main(argv: readonly string[]): Promise<number> {
  const { values, args } = parseFlags(FLAGS, argv, { dialect: "pflag", stopAtPositional: true });
  const [name, ...rest] = args;
  if (values.help || name === undefined) {
    const commands = Object.entries(COMMANDS).map(([command, { usage }]) => ({ name: command, usage }));
    console.log(
      formatHelp({ name: "rt-docker", usage: "a client of the Docker engine", commands, flags: FLAGS }),
    );
    return 0;
  }
  const command = COMMANDS[name];
  if (command === undefined) {
    console.error(`rt-docker: unknown command: rt-docker ${name}`);
    return 1;
  }
  const address = values.host ?? process.env.DOCKER_HOST ?? DEFAULT_HOST;
  await using engine = createEngineClient({ address });
  return await command.run(engine, rest);
}

try {
  process.exit(await main(process.argv.slice(2)));
} catch (err) {
  console.error(`rt-docker: ${errorLine(err)}`);
  process.exit(125);
}
