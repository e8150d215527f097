/**
 * `rt-runc create`.
 *
 * @module
 */
import process from "node:process";
import type { Command } from "./command.ts";
import { CREATE_FLAGS, INHERITED } from "./create_flags.ts";

/** Creates a container whose process waits for `start`. */
export const command: Command<typeof CREATE_FLAGS> = {
  usage: "create a container",
  argsUsage: "<container-id>",
  flags: CREATE_FLAGS,
  arity: { min: 1, max: 1 },
  async run(context, { values, args }) {
    const runtime = await context.runtime();
    const socket = values["console-socket"];
    await runtime.create(
      {
        id: args[0]!,
        bundle: values.bundle || process.cwd(),
        io: { ...INHERITED, ...(socket === "" ? {} : { console: { kind: "socket", path: socket } }) },
        ...(values["pid-file"] === "" ? {} : { pidFile: values["pid-file"] }),
        parent: "leave",
        noPivot: values["no-pivot"],
        noNewKeyring: values["no-new-keyring"],
        preserveFds: values["preserve-fds"],
      },
      { log: context.log },
    );
    return 0;
  },
};
