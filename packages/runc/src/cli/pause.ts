/**
 * `rt-runc pause`.
 *
 * @module
 */
import type { Command } from "./command.ts";

const FLAGS = {} as const;

/** The command. */
export const command: Command<typeof FLAGS> = {
  usage: "pause suspends all processes inside the container",
  argsUsage: "<container-id>",
  flags: FLAGS,
  arity: { min: 1, max: 1 },
  async run(context, { args }) {
    const runtime = await context.runtime();
    await runtime.pause({ id: args[0]! }, { log: context.log });
    return 0;
  },
};
