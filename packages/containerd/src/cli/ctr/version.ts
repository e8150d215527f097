/**
 * `rt-ctr version`.
 *
 * @module
 */
import { VERSION } from "../../config.ts";
import type { Command } from "./command.ts";

/** Shows the versions of this program and of the daemon. */
export const versionCommand: Command = {
  name: "version",
  usage: "print the client and server versions",
  async run({ containerd, call, out }) {
    const { version, revision } = await containerd.version(call);
    const { uuid } = await containerd.introspection.server(call);
    out(
      `Client:\n  Version:  ${VERSION}\n\nServer:\n  Version:  ${version}\n  Revision: ${revision}\n  UUID: ${uuid}`,
    );
    return 0;
  },
};
