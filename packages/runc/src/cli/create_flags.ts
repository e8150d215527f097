/**
 * Flags that `create` and `run` share, and the descriptors that both hand on.
 *
 * @module
 */
import type { ProcessIo } from "../api/oci_runtime.ts";

/** Flags of `create`. */
export const CREATE_FLAGS = {
  bundle: {
    type: "string",
    aliases: ["b"],
    default: "",
    usage: "root of the bundle directory, the current one if absent",
  },
  "console-socket": {
    type: "string",
    default: "",
    usage: "unix socket that receives the master end of the console's pseudoterminal",
  },
  "pid-file": { type: "string", default: "", usage: "file to write the process id to" },
  "no-pivot": { type: "boolean", usage: "do not use pivot root; for a rootfs on a ramdisk" },
  "no-new-keyring": { type: "boolean", usage: "do not create a new session keyring for the container" },
  "preserve-fds": {
    type: "integer",
    default: 0,
    usage: "pass N additional file descriptors to the container",
  },
} as const;

/** The caller's own standard streams. */
export const INHERITED: ProcessIo = {
  stdin: { kind: "inherit" },
  stdout: { kind: "inherit" },
  stderr: { kind: "inherit" },
};
