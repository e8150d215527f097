/**
 * `rt-runc delete`.
 *
 * @module
 */
import type { Command } from "./command.ts";

const FLAGS = {
  force: {
    type: "boolean",
    aliases: ["f"],
    usage: "delete the container even if it still runs (SIGKILL), and do not mind if there is none",
  },
} as const;

/** Deletes a container. */
export const command: Command<typeof FLAGS> = {
  usage: "delete any resources held by the container often used with detached container",
  argsUsage: "<container-id>",
  flags: FLAGS,
  arity: { min: 1, max: 1 },
  async run(context, { values, args }) {
    const runtime = await context.runtime();
    await runtime.delete({ id: args[0]!, force: values.force }, { log: context.log });
    return 0;
  },
};
