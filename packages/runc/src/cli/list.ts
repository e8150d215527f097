/**
 * `rt-runc list`.
 *
 * @module
 */
import type { ContainerState } from "../api/oci_runtime.ts";
import { FlagError } from "../oci.ts";
import type { Command } from "./command.ts";

const COLUMNS = ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"] as const;
/** Least width of a column and the space behind it, as Go's tabwriter with (12, 1, 3). */
const [MIN_WIDTH, PADDING] = [12, 3];

const FLAGS = {
  format: { type: "string", aliases: ["f"], default: "table", usage: "select one of: table or json" },
  quiet: { type: "boolean", aliases: ["q"], usage: "display only container IDs" },
} as const;

/** Prints the containers below the root. */
export const command: Command<typeof FLAGS> = {
  usage: "lists containers started by runc with the given root",
  argsUsage: "",
  flags: FLAGS,
  arity: { min: 0, max: 0 },
  async run(context, { values }) {
    const runtime = await context.runtime();
    const all = await runtime.list({ log: context.log });
    if (values.quiet) context.print(all.map(({ id }) => `${id}\n`).join(""));
    else if (values.format === "json") context.print(`${all.length === 0 ? "null" : JSON.stringify(all)}\n`);
    else if (values.format === "table") context.print(table(all));
    else throw new FlagError("invalid format option");
    return 0;
  },
};

function table(all: readonly ContainerState[]): string {
  const rows = [
    [...COLUMNS],
    ...all.map((c) => [c.id, String(c.pid), c.status, c.bundle, c.created, c.owner]),
  ];
  const widths = COLUMNS.map((_, i) => Math.max(MIN_WIDTH, ...rows.map((row) => row[i]!.length + PADDING)));
  return rows
    .map(
      (row) => `${row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!))).join("")}\n`,
    )
    .join("");
}
