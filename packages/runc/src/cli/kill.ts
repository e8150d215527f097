/**
 * `rt-runc kill`.
 *
 * @module
 */
import type { Command } from "./command.ts";

const FLAGS = {
  all: {
    type: "boolean",
    aliases: ["a"],
    usage: "send the specified signal to all processes inside the container",
  },
} as const;

/** Sends a signal. */
export const command: Command<typeof FLAGS> = {
  usage: "kill sends the specified signal (default: SIGTERM) to the container's init process",
  argsUsage: "<container-id> [signal]",
  flags: FLAGS,
  arity: { min: 1, max: 2 },
  async run(context, { values, args }) {
    const runtime = await context.runtime();
    await runtime.kill({ id: args[0]!, signal: args[1] ?? "SIGTERM", all: values.all }, { log: context.log });
    return 0;
  },
};
