/**
 * What a command of rt-ctr is, and what its sub-commands share.
 *
 * @module
 */
import type { Call } from "../../api/call.ts";
import type { Containerd } from "../../api/containerd.ts";

/** What a command works with. */
export interface CommandContext {
  readonly containerd: Containerd;
  readonly call: Call;
  /** Writes one line to standard output. */
  readonly out: (line: string) => void;
}

/** One command. */
export interface Command {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly usage: string;
  /** Runs it with what follows its name; resolves with the exit code. */
  run(context: CommandContext, argv: readonly string[]): Promise<number>;
}

/** One action of a command, e.g. `ls`. */
export type Action = (context: CommandContext, argv: readonly string[]) => Promise<number>;

/** A command that is a group of actions; `ls` has the alias `list`, `rm` has `remove`, `delete` and `del`. */
export function group(
  name: string,
  aliases: readonly string[],
  usage: string,
  actions: Readonly<Record<string, Action>>,
): Command {
  const names: Readonly<Record<string, string>> = { list: "ls", remove: "rm", delete: "rm", del: "rm" };
  return {
    name,
    aliases,
    usage: `${usage}: ${Object.keys(actions).join(", ")}`,
    async run(context, argv) {
      const [word = "ls", ...rest] = argv;
      const action = actions[word] ?? actions[names[word] ?? ""];
      if (action === undefined) throw new Error(`No help topic for '${word}'`);
      return await action(context, rest);
    },
  };
}

/** The argument at `index`. @throws {Error} if it was not given. */
export function argument(args: readonly string[], index: number, what: string): string {
  const value = args[index];
  if (value === undefined || value === "") throw new Error(`${what} must be provided`);
  return value;
}

/** Rows as aligned columns, as ctr prints them. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>(
    (w, row) => row.map((cell, i) => Math.max(w[i] ?? 0, cell.length)),
    [],
  );
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("    ")
        .trimEnd(),
    )
    .join("\n");
}

/** Labels as ctr prints them: `k=v,k=v`, or `-`. */
export function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([k, v]) => `${k}=${v}`);
  return pairs.length === 0 ? "-" : pairs.sort().join(",");
}

/** Labels from `k=v` words. */
export function parseLabels(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf("=");
      return at < 0 ? [word, ""] : [word.slice(0, at), word.slice(at + 1)];
    }),
  );
}
