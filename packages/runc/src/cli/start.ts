/**
 * `rt-runc start`.
 *
 * @module
 */
import type { Command } from "./command.ts";

const FLAGS = {} as const;

/** The command. */
export const command: Command<typeof FLAGS> = {
  usage: "executes the user defined process in a created container",
  argsUsage: "<container-id>",
  flags: FLAGS,
  arity: { min: 1, max: 1 },
  async run(context, { args }) {
    const runtime = await context.runtime();
    await runtime.start({ id: args[0]! }, { log: context.log });
    return 0;
  },
};
