/**
 * Configuration of the shim's program: flags, environment and the parameters on stdin, in one record.
 *
 * @module
 */
import { parseFlags, RtError } from "@rt/runc/oci";

/** Version of this package. */
export const VERSION = "0.0.0";

/** Where shims put their sockets unless they are told otherwise; short, because socket paths are. */
export const DEFAULT_SOCKET_DIR = "/run/containerd/s";

/** How long a service without tasks and clients stays for the next one. Milliseconds. */
export const DEFAULT_LINGER_MS = 3000;

/** What the shim's program was told. */
export interface ShimConfig {
  readonly action: "start" | "delete" | "serve" | "version" | "info";
  readonly id: string;
  readonly namespace: string;
  /** containerd's gRPC address. */
  readonly address: string;
  /** containerd's address for events; empty for none. */
  readonly ttrpcAddress: string;
  readonly publishBinary: string;
  readonly bundle: string;
  readonly socket: string;
  readonly socketDir: string;
  readonly debug: boolean;
  /** Directories where other runtimes' programs are looked for. */
  readonly path: string;
  /** Where the service logs; empty for containerd's FIFO. */
  readonly logFile: string;
  readonly lingerMs: number;
}

const flags = {
  namespace: { type: "string", default: "", usage: "namespace that owns the shim" },
  id: { type: "string", default: "", usage: "id of the task" },
  address: { type: "string", default: "", usage: "grpc address back to main containerd" },
  "publish-binary": {
    type: "string",
    default: "",
    usage: "path to publish binary (used for publishing events)",
  },
  bundle: { type: "string", default: "", usage: "path to the bundle if not workdir" },
  socket: { type: "string", default: "", usage: "socket path to serve" },
  "debug-socket": { type: "string", default: "", usage: "debug socket path to serve" },
  debug: { type: "boolean", usage: "enable debug output in logs" },
  version: { type: "boolean", aliases: ["v"], usage: "show the shim version and exit" },
  info: {
    type: "boolean",
    usage: "get the option protobuf from stdin, print the shim info protobuf to stdout, and exit",
  },
} as const;

/**
 * Reads the command line as Go's `flag` does.
 *
 * @throws {RtError} `INVALID_ARGUMENT` for unknown flags and actions, and without a namespace.
 */
export function loadConfig(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): ShimConfig {
  const { values, args } = parseFlags(flags, argv);
  const action = values.version ? "version" : values.info ? "info" : (args[0] ?? "serve");
  if (
    action !== "start" &&
    action !== "delete" &&
    action !== "serve" &&
    action !== "version" &&
    action !== "info"
  )
    throw new RtError("INVALID_ARGUMENT", `unknown action ${action}`);
  if (values.namespace === "" && action !== "version" && action !== "info")
    throw new RtError("INVALID_ARGUMENT", "shim namespace cannot be empty");
  return {
    action,
    id: values.id,
    namespace: values.namespace,
    address: values.address,
    ttrpcAddress: env.TTRPC_ADDRESS ?? (values.address === "" ? "" : `${values.address}.ttrpc`),
    publishBinary: values["publish-binary"],
    bundle: values.bundle === "" ? cwd : values.bundle,
    socket: values.socket,
    socketDir: env.RT_SHIM_SOCKET_DIR ?? DEFAULT_SOCKET_DIR,
    debug: values.debug,
    path: env.PATH ?? "",
    logFile: env.RT_SHIM_LOG ?? "",
    lingerMs: Number(env.RT_SHIM_LINGER_MS ?? DEFAULT_LINGER_MS),
  };
}
