/**
 * `rt-runc state`.
 *
 * @module
 */
import type { Command } from "./command.ts";

const FLAGS = {} as const;

/** Prints the state as JSON. */
export const command: Command<typeof FLAGS> = {
  usage: "output the state of a container",
  argsUsage: "<container-id>",
  flags: FLAGS,
  arity: { min: 1, max: 1 },
  async run(context, { args }) {
    const runtime = await context.runtime();
    context.print(JSON.stringify({ ...(await runtime.state({ id: args[0]! })), owner: "" }, null, 2));
    return 0;
  },
};
