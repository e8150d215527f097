/**
 * rt-stack: `up`, `down`, `status`, `tree`, `logs` for a stack that stays up.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { down } from "./down.ts";
import { stackPaths } from "./paths.ts";
import { exportLines, logLines, status } from "./status.ts";
import { tree } from "./tree.ts";
import { up } from "./up.ts";

const USAGE = `usage: rt-stack COMMAND [--root DIR]

  up       start the daemons; returns when all sockets answer and prints export lines (--engine node|bun)
  down     stop everything and undo it (--rm also deletes the root)
  status   what runs
  tree     the live process tree with layers and sockets
  logs     the daemons' last lines (--tail N)

The root is /run/rt unless --root names another.`;

/** Runs one command; the result is the exit status. */
async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      root: { type: "string", default: "/run/rt" },
      engine: { type: "string", default: "node" },
      tail: { type: "string", default: "20" },
      rm: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const print = (lines: readonly string[]): void => console.log(lines.join("\n"));
  const command = values.help ? "help" : positionals[0];
  if (values.engine !== "node" && values.engine !== "bun")
    throw new Error(`--engine ${values.engine}: node or bun`);
  switch (command) {
    case "up":
      print(exportLines(await up({ root: values.root, engine: values.engine })));
      return 0;
    case "down":
      await down({ root: values.root, remove: values.rm });
      return 0;
    case "status":
      print(await status(stackPaths(values.root)));
      return 0;
    case "tree":
      print(tree(stackPaths(values.root)));
      return 0;
    case "logs":
      print(logLines(stackPaths(values.root), Number(values.tail)));
      return 0;
    default:
      console.error(USAGE);
      return command === "help" ? 0 : 2;
  }
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(`rt-stack: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  },
);
