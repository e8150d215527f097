/**
 * `rt-runc`: the OCI runtime command line, as runc's.
 *
 * @module
 */
import process from "node:process";
import { DEFAULT_ROOT } from "../config.ts";
import { FlagError, formatHelp, messageOf, parseFlags } from "../oci.ts";
import type { Command, CommandContext } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { openLog } from "./log.ts";
import { versionText } from "./version.ts";

const GLOBAL_FLAGS = {
  debug: { type: "boolean", usage: "enable debug logging" },
  log: { type: "string", default: "", usage: "file to log to instead of standard error" },
  "log-format": { type: "string", default: "text", usage: "format of the log ('text' or 'json')" },
  root: { type: "string", default: DEFAULT_ROOT, usage: "directory of the containers' state" },
  criu: { type: "string", default: "criu", usage: "ignored", hidden: true },
  "systemd-cgroup": { type: "boolean", usage: "let systemd make the cgroups (not supported)" },
  rootless: {
    type: "string",
    default: "auto",
    usage: "ignore cgroup permission errors ('true', 'false' or 'auto')",
  },
  help: { type: "boolean", aliases: ["h"], usage: "show help", hidden: true },
  version: { type: "boolean", aliases: ["v"], usage: "print the version" },
} as const;

const HELP = ["help", "h"];

async function main(argv: readonly string[]): Promise<number> {
  const { values, args } = parseFlags(GLOBAL_FLAGS, argv);
  const [name = "", ...rest] = args;
  if (values.version) {
    process.stdout.write(versionText());
    return 0;
  }
  if (values.help || name === "" || HELP.includes(name)) {
    process.stdout.write(overview());
    return 0;
  }
  const format = values["log-format"];
  if (format !== "text" && format !== "json") throw new FlagError(`invalid log-format: ${format}`);
  const { log, fail } = openLog({ file: values.log, format, debug: values.debug });
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry === undefined) {
    fail(`No help topic for '${name}'\n`);
    return 3;
  }
  if (values["systemd-cgroup"]) {
    fail("systemd cgroup flag passed, but systemd support for managing cgroups is not available");
    return 1;
  }
  const { usage, load, prefix = "", failure = 1 } = entry;
  await using resources = new AsyncDisposableStack();
  let runtime: ReturnType<CommandContext["runtime"]> | undefined;
  const context: CommandContext = {
    globals: { root: values.root, debug: values.debug },
    log,
    print: (text) => void process.stdout.write(text),
    runtime: () =>
      (runtime ??= import("./runtime.ts").then(({ openRuntime }) => resources.use(openRuntime(values.root)))),
  };
  try {
    return await runCommand(await load(), { name, usage }, context, rest);
  } catch (err) {
    fail(`${prefix}${messageOf(err)}`);
    return failure;
  }
}

async function runCommand(
  command: Command,
  { name, usage }: { readonly name: string; readonly usage: string },
  context: CommandContext,
  argv: readonly string[],
): Promise<number> {
  const page = { ...command, name: `rt-runc ${name}`, usage };
  const flags = { ...command.flags, help: { type: "boolean", aliases: ["h"], hidden: true } } as const;
  const parsed = parseFlags(flags, argv);
  if (parsed.values.help) {
    context.print(formatHelp(page));
    return 0;
  }
  const { min, max } = command.arity;
  if (parsed.args.length < min || parsed.args.length > max) {
    context.print(`Incorrect Usage.\n\n${formatHelp(page)}`);
    const how = min === max ? "exactly" : parsed.args.length < min ? "a minimum of" : "a maximum of";
    const count = parsed.args.length < min ? min : max;
    throw new FlagError(`runc: "${name}" requires ${how} ${count} argument(s)`);
  }
  return command.run(context, parsed as Parameters<Command["run"]>[1]);
}

function overview(): string {
  return formatHelp({
    name: "rt-runc",
    usage: "Open Container Initiative runtime",
    version: versionText()
      .trimEnd()
      .replace(/^runc version /, ""),
    commands: Object.entries(COMMANDS).map(([name, { usage }]) => ({ name, usage })),
    flags: GLOBAL_FLAGS,
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (err) {
  process.stderr.write(`${messageOf(err)}\n`);
  process.exitCode = 1;
}
