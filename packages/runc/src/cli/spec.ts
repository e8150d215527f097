/**
 * `rt-runc spec`.
 *
 * @module
 */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { detectCgroupLayout } from "../cgroups/layout.ts";
import { InvalidRequestError } from "../errors.ts";
import { linuxCgroupFs } from "../host/cgroup_fs_linux.ts";
import { defaultSpec, formatJson, type Spec } from "../oci.ts";
import type { Command } from "./command.ts";

const FLAGS = {
  bundle: { type: "string", aliases: ["b"], default: "", usage: "path to the root of the bundle directory" },
  rootless: { type: "boolean", usage: "generate a configuration for a rootless container" },
} as const;

/** On cgroup v2 a container has a cgroup namespace of its own, after the mount namespace in the list, as runc has it. */
function addCgroupNamespace(spec: Spec): void {
  const namespaces = spec.linux?.namespaces ?? [];
  namespaces.splice(namespaces.findIndex(({ type }) => type === "mount") + 1, 0, { type: "cgroup" });
}

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
    const spec = defaultSpec(values.rootless ? { rootless: ids } : {});
    if (detectCgroupLayout(linuxCgroupFs()).mode === "v2") addCgroupNamespace(spec);
    writeFileSync(file, formatJson(spec), { mode: 0o666 });
    return 0;
  },
};
