/**
 * `rt-runc ps`.
 *
 * @module
 */
import { FlagError } from "../oci.ts";
import type { Command } from "./command.ts";
import { processTable } from "./process_table.ts";

const FLAGS = {
  format: { type: "string", aliases: ["f"], default: "table", usage: "select one of: table or json" },
} as const;

/** Prints the processes of a container. */
export const command: Command<typeof FLAGS> = {
  usage: "ps displays the processes running inside a container",
  argsUsage: "<container-id>",
  flags: FLAGS,
  arity: { min: 1, max: 1 },
  async run(context, { values, args }) {
    const runtime = await context.runtime();
    const pids = await runtime.ps({ id: args[0]! });
    if (values.format === "json") context.print(`${JSON.stringify(pids)}\n`);
    else if (values.format === "table") context.print(processTable(pids));
    else throw new FlagError("invalid format option");
    return 0;
  },
};
