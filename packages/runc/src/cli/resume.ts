/**
 * `rt-runc resume`.
 *
 * @module
 */
import type { Command } from "./command.ts";

const FLAGS = {} as const;

/** The command. */
export const command: Command<typeof FLAGS> = {
  usage: "resumes all processes that have been previously paused",
  argsUsage: "<container-id>",
  flags: FLAGS,
  arity: { min: 1, max: 1 },
  async run(context, { args }) {
    const runtime = await context.runtime();
    await runtime.resume({ id: args[0]! }, { log: context.log });
    return 0;
  },
};
