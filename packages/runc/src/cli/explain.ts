/**
 * `rt-runc explain`: the launch program of a bundle, readable, without running it.
 *
 * @module
 */
import { detectCgroupLayout } from "../cgroups/layout.ts";
import { explain } from "../container/explain.ts";
import { linuxCgroupFs } from "../host/cgroup_fs_linux.ts";
import type { Command } from "./command.ts";

const FLAGS = { json: { type: "boolean", usage: "print the operations as JSON" } } as const;

/** Prints the program. */
export const command: Command<typeof FLAGS> = {
  usage: "print the launch program of a bundle without running it",
  argsUsage: "<bundle>",
  flags: FLAGS,
  arity: { min: 1, max: 1 },
  async run(context, { values, args }) {
    const cgroupFs = linuxCgroupFs();
    const deps = { root: context.globals.root, cgroupFs, layout: detectCgroupLayout(cgroupFs) };
    const { program, lines } = explain(deps, args[0]!);
    const big = (_key: string, value: unknown) => (typeof value === "bigint" ? value.toString() : value);
    context.print(values.json ? `${JSON.stringify(program.ops, big, 1)}\n` : `${lines.join("\n")}\n`);
    return 0;
  },
};
