/**
 * `rt-runc update`.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import type { LinuxResources } from "../oci.ts";
import { parseJson } from "../oci.ts";
import type { Command } from "./command.ts";

const FLAGS = {
  resources: {
    type: "string",
    aliases: ["r"],
    default: "",
    usage: "file with linux.resources, '-' is standard input",
  },
  "blkio-weight": { type: "integer", usage: "weight, 10 to 1000" },
  "cpu-period": { type: "integer", usage: "CFS period (microseconds)" },
  "cpu-quota": { type: "integer", usage: "CFS quota per period (microseconds)" },
  "cpu-share": { type: "integer", usage: "relative weight" },
  "cpu-rt-period": { type: "integer", usage: "realtime period (microseconds)" },
  "cpu-rt-runtime": { type: "integer", usage: "realtime runtime per period (microseconds)" },
  "cpuset-cpus": { type: "string", usage: "CPUs to use" },
  "cpuset-mems": { type: "string", usage: "memory nodes to use" },
  memory: { type: "integer", usage: "memory limit (bytes)" },
  "memory-reservation": { type: "integer", usage: "soft memory limit (bytes)" },
  "memory-swap": { type: "integer", usage: "memory and swap together (bytes); -1 is unlimited" },
  "pids-limit": { type: "integer", usage: "number of processes" },
} as const;

/** Changes limits. */
export const command: Command<typeof FLAGS> = {
  usage: "update container resource constraints",
  argsUsage: "<container-id>",
  flags: FLAGS,
  arity: { min: 1, max: 1 },
  async run(context, { values, args }) {
    const resources: LinuxResources =
      values.resources === ""
        ? fromFlags(values)
        : (parseJson(
            readFileSync(values.resources === "-" ? 0 : values.resources, "utf8"),
            "resources",
          ) as LinuxResources);
    const runtime = await context.runtime();
    await runtime.update({ id: args[0]!, resources }, { log: context.log });
    return 0;
  },
};

/** Flag → section and key. */
const KEYS: Readonly<Record<string, readonly [section: "cpu" | "memory" | "pids" | "blockIO", key: string]>> =
  {
    "blkio-weight": ["blockIO", "weight"],
    "cpu-period": ["cpu", "period"],
    "cpu-quota": ["cpu", "quota"],
    "cpu-share": ["cpu", "shares"],
    "cpu-rt-period": ["cpu", "realtimePeriod"],
    "cpu-rt-runtime": ["cpu", "realtimeRuntime"],
    "cpuset-cpus": ["cpu", "cpus"],
    "cpuset-mems": ["cpu", "mems"],
    memory: ["memory", "limit"],
    "memory-reservation": ["memory", "reservation"],
    "memory-swap": ["memory", "swap"],
    "pids-limit": ["pids", "limit"],
  };

function fromFlags(values: Readonly<Record<string, unknown>>): LinuxResources {
  const resources: Record<string, Record<string, unknown>> = {};
  for (const [flag, [section, key]] of Object.entries(KEYS)) {
    const value = values[flag];
    if (value !== undefined) (resources[section] ??= {})[key] = value;
  }
  return resources as LinuxResources;
}
