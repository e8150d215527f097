/**
 * `rt-runc spec`.
 *
 * @module
 */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { InvalidRequestError } from "../errors.ts";
import { defaultSpec, formatJson } from "../oci.ts";
import type { Command } from "./command.ts";

const FLAGS = {
  bundle: { type: "string", aliases: ["b"], default: "", usage: "path to the root of the bundle directory" },
  rootless: { type: "boolean", usage: "generate a configuration for a rootless container" },
} as const;

/** Writes config.json. */
export const command: Command<typeof FLAGS> = {
  usage: "create a new specification file",
  argsUsage: "",
  flags: FLAGS,
  arity: { min: 0, max: 0 },
  async run(_context, { values }) {
    const file = join(values.bundle || process.cwd(), "config.json");
    if (existsSync(file)) throw new InvalidRequestError("File config.json exists. Remove it first");
    const ids = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
    writeFileSync(file, formatJson(defaultSpec(values.rootless ? { rootless: ids } : {})), { mode: 0o666 });
    return 0;
  },
};
