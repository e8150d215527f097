/**
 * `rt-ctr`: a thin command line over any containerd, ours or the real one.
 *
 * @module
 */
import { ContainerdClient } from "../client/containerd_client.ts";
import { defaultConfig, VERSION } from "../config.ts";
import { errorLine, formatHelp, parseFlags } from "../oci.ts";
import type { Command } from "./ctr/command.ts";
import { containersCommand } from "./ctr/containers.ts";
import { eventsCommand } from "./ctr/events.ts";
import { imagesCommand } from "./ctr/images.ts";
import { namespacesCommand } from "./ctr/namespaces.ts";
import { runCommand } from "./ctr/run.ts";
import { tasksCommand } from "./ctr/tasks.ts";
import { versionCommand } from "./ctr/version.ts";

const flags = {
  address: { type: "string", aliases: ["a"], usage: "address for containerd's GRPC server" },
  namespace: { type: "string", aliases: ["n"], default: "default", usage: "namespace to use with commands" },
  help: { type: "boolean", aliases: ["h"], hidden: true },
  version: { type: "boolean", aliases: ["v"], usage: "print the version" },
} as const;

const commands: readonly Command[] = [
  versionCommand,
  namespacesCommand,
  imagesCommand,
  containersCommand,
  runCommand,
  tasksCommand,
  eventsCommand,
];

/** Runs the command line; resolves with the exit code. */
async function main(argv: readonly string[]): Promise<number> {
  const { values, args } = parseFlags(flags, argv);
  const [name, ...rest] = args;
  if (values.version) {
    process.stdout.write(`rt-ctr @rt/containerd ${VERSION}\n`);
    return 0;
  }
  if (values.help || name === undefined || name === "help") {
    process.stdout.write(
      formatHelp({ name: "rt-ctr", usage: "containerd CLI", version: VERSION, commands, flags }),
    );
    return 0;
  }
  const command = commands.find((c) => c.name === name || c.aliases?.includes(name));
  if (command === undefined) throw new Error(`No help topic for '${name}'`);
  await using containerd = new ContainerdClient({ address: values.address ?? defaultConfig().address });
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  const call = { namespace: values.namespace, signal: stop.signal };
  return await command.run({ containerd, call, out: (line) => process.stdout.write(`${line}\n`) }, rest);
}

try {
  process.exit(await main(process.argv.slice(2)));
} catch (err) {
  process.stderr.write(`rt-ctr: ${errorLine(err)}\n`);
  process.exit(1);
}
