/**
 * `rt-runc run`.
 *
 * @module
 */
import process from "node:process";
import type { CreateRequest } from "../api/oci_runtime.ts";
import { readSpec } from "../specconv/load.ts";
import type { Command } from "./command.ts";
import { CREATE_FLAGS, INHERITED } from "./create_flags.ts";
import { foreground } from "./foreground.ts";

/** Flags of `run` that `create` does not have. */
type RunFlags = {
  readonly detach: { readonly type: "boolean"; readonly aliases: readonly ["d"]; readonly usage: string };
  readonly keep: { readonly type: "boolean"; readonly usage: string };
  readonly "no-subreaper": { readonly type: "boolean"; readonly usage: string };
};

const FLAGS: typeof CREATE_FLAGS & RunFlags = {
  ...CREATE_FLAGS,
  detach: { type: "boolean", aliases: ["d"], usage: "detach from the container's process" },
  keep: { type: "boolean", usage: "do not delete the container after it exits" },
  "no-subreaper": { type: "boolean", usage: "accepted for compatibility; there is no subreaper" },
};

/** Creates a container, starts it, and, in the foreground, waits for it and deletes it. */
export const command: Command<typeof FLAGS> = {
  usage: "create and run a container",
  argsUsage: "<container-id>",
  flags: FLAGS,
  arity: { min: 1, max: 1 },
  async run(context, { values, args }) {
    const runtime = await context.runtime();
    const id = args[0]!;
    const bundle = values.bundle || process.cwd();
    const socket = values["console-socket"];
    const base: CreateRequest = {
      id,
      bundle,
      io: { ...INHERITED, ...(socket === "" ? {} : { console: { kind: "socket", path: socket } }) },
      ...(values["pid-file"] === "" ? {} : { pidFile: values["pid-file"] }),
      noPivot: values["no-pivot"],
      noNewKeyring: values["no-new-keyring"],
      preserveFds: values["preserve-fds"],
    };
    if (values.detach) {
      await runtime.createStarted({ ...base, parent: "leave" }, { log: context.log });
      return 0;
    }
    const terminal = socket === "" && readSpec(bundle).process?.terminal === true;
    try {
      return await foreground(terminal, (own) =>
        runtime.createStarted(
          { ...base, ...(own === undefined ? {} : { io: { console: own } }), parent: "stay" },
          { log: context.log },
        ),
      );
    } finally {
      if (!values.keep) await runtime.delete({ id, force: true }, { log: context.log });
    }
  },
};
