/**
 * Help texts in the manner of urfave/cli, which runc, ctr and containerd use.
 *
 * @module
 */
import type { FlagSet, FlagSpec } from "./flags.ts";

/** A program or one of its commands, as the help shows it. */
export interface HelpPage {
  /** Name, e.g. `runc` or `runc kill`. */
  readonly name: string;
  /** What it is for, one line. */
  readonly usage: string;
  /** Words after the flags, e.g. `<container-id> [signal]`. */
  readonly argsUsage?: string;
  /** Version of the program. */
  readonly version?: string;
  /** Some lines more. */
  readonly description?: string;
  /** Commands below it. */
  readonly commands?: readonly HelpCommand[];
  /** Its flags. */
  readonly flags?: FlagSet;
}

/** One line of the list of commands. */
export interface HelpCommand {
  /** Name. */
  readonly name: string;
  /** Other names. */
  readonly aliases?: readonly string[];
  /** What it is for, one line. */
  readonly usage: string;
}

/** The help text of `page`, newline at its end. */
export function formatHelp(page: HelpPage): string {
  const commands = page.commands ?? [];
  const global = commands.length > 0;
  const flags = flagRows(page.flags ?? {});
  const line = global
    ? `${page.name} [global options] command [command options] [arguments...]`
    : [page.name, flags.length > 0 ? "[command options]" : "", page.argsUsage ?? "[arguments...]"].join(" ");
  const sections: [title: string, lines: string[]][] = [
    ["NAME", [`${page.name} - ${page.usage}`]],
    ["USAGE", [line.replace(/ {2,}/g, " ").trimEnd()]],
    ["VERSION", page.version === undefined ? [] : [page.version]],
    ["DESCRIPTION", page.description?.trim().split("\n") ?? []],
    ["COMMANDS", columns(commands.map((c) => [[c.name, ...(c.aliases ?? [])].join(", "), c.usage]))],
    [global ? "GLOBAL OPTIONS" : "OPTIONS", columns([...flags, ["--help, -h", "show help"]])],
  ];
  return `${sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `${title}:\n${lines.map((l) => (l === "" ? "" : `   ${l}`)).join("\n")}`)
    .join("\n\n")}\n`;
}

function flagRows(set: FlagSet): [left: string, right: string][] {
  return Object.entries(set)
    .filter(([, spec]) => !spec.hidden)
    .map(([name, spec]) => [flagNames(name, spec), flagUsage(spec)]);
}

function flagNames(name: string, spec: FlagSpec): string {
  const value = spec.type === "boolean" ? "" : ` ${spec.valueName ?? "value"}`;
  return [name, ...(spec.aliases ?? [])].map((n) => `${n.length > 1 ? "--" : "-"}${n}${value}`).join(", ");
}

function flagUsage(spec: FlagSpec): string {
  if (spec.default === undefined || spec.default === false) return spec.usage ?? "";
  const shown = typeof spec.default === "string" ? JSON.stringify(spec.default) : String(spec.default);
  return `${spec.usage ?? ""} (default: ${shown})`;
}

/** Two columns, the first as wide as its widest entry. */
function columns(rows: [left: string, right: string][]): string[] {
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `${left.padEnd(width)}  ${right}`.trimEnd());
}
