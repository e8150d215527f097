/**
 * `rt-runc events`.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "./command.ts";

const FLAGS = {
  interval: { type: "duration", default: 5000, usage: "set the stats collection interval" },
  stats: { type: "boolean", usage: "display the container's stats then exit" },
} as const;

/** Prints counters, once or again and again, one JSON object per line. */
export const command: Command<typeof FLAGS> = {
  usage: "display container events such as OOM notifications, cpu, memory, and IO usage statistics",
  argsUsage: "<container-id>",
  flags: FLAGS,
  arity: { min: 1, max: 1 },
  async run(context, { values, args }) {
    const runtime = await context.runtime();
    const id = args[0]!;
    const number = (_key: string, value: unknown) => (typeof value === "bigint" ? Number(value) : value);
    for (;;) {
      const data = runtime.stats({ id });
      context.print(`${JSON.stringify({ type: "stats", id, data }, number)}\n`);
      if (values.stats) return 0;
      await sleep(values.interval);
      if ((await runtime.state({ id })).status === "stopped") return 0;
    }
  },
};
