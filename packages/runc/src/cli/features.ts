/**
 * `rt-runc features`.
 *
 * @module
 */
import type { Command } from "./command.ts";

const FLAGS = {} as const;

/** Prints what the runtime supports, as JSON. */
export const command: Command<typeof FLAGS> = {
  usage: "show the enabled features",
  argsUsage: "",
  flags: FLAGS,
  arity: { min: 0, max: 0 },
  async run(context) {
    const { features } = await import("../container/features.ts");
    context.print(`${JSON.stringify(features(), null, 4)}\n`);
    return 0;
  },
};
