/**
 * Configuration: where the daemon listens, which engine it uses and what it keeps.
 *
 * Flags are cri-dockerd's, so that unit files and kubelet set-ups written for it work.
 * Source: cri-dockerd `cmd/cri/options/options.go`, `config/options.go`.
 *
 * @module
 */
import { InvalidRequestError } from "./errors.ts";
import { PAUSE_IMAGE } from "./image/pause.ts";
import { type FlagSet, formatHelp, type LogLevel, parseFlags } from "./oci.ts";

/** Version that is told to users. */
export const VERSION = "0.0.0";

/** Configuration of the daemon. */
export interface Config {
  /** Path of the gRPC socket. @default {"/run/rt/cri.sock"} */
  readonly address: string;
  /** Address of the engine, `unix://…`. @default {"unix:///run/rt/docker.sock"} */
  readonly engineAddress: string;
  /** Directory of what lasts. @default {"/var/lib/rt/cri"} */
  readonly root: string;
  /** Reference of the pause image. @default {"rt/pause:1", which is generated} */
  readonly pauseImage: string;
  /** @default {"info"} */
  readonly logLevel: LogLevel;
}

const flags = {
  "container-runtime-endpoint": {
    type: "string",
    default: "unix:///run/rt/cri.sock",
    usage: "The endpoint of the CRI server: a unix socket",
  },
  "docker-endpoint": {
    type: "string",
    default: "unix:///run/rt/docker.sock",
    usage: "The endpoint of the Docker engine: a unix socket",
  },
  "cri-dockerd-root-directory": {
    type: "string",
    default: "/var/lib/rt/cri",
    usage: "Directory for managing files, e.g. positions in rotated logs",
  },
  "pod-infra-container-image": {
    type: "string",
    default: PAUSE_IMAGE,
    usage: "The image whose network and ipc namespaces the containers of a pod use; the default is generated",
  },
  "network-plugin": {
    type: "string",
    default: "",
    usage: 'The network plugin for pods; only "": the engine\'s default bridge network',
  },
  "streaming-bind-addr": {
    type: "string",
    default: "",
    usage: "The address of the streaming server; not served yet",
  },
  "log-level": { type: "string", default: "info", usage: "The log level (debug, info, warn, error)" },
  version: { type: "boolean", usage: "Prints the version" },
  buildinfo: { type: "boolean", hidden: true },
  help: { type: "boolean", aliases: ["h"], hidden: true },
} as const satisfies FlagSet;

/** What a command line asks for. */
export type CommandLine =
  | { readonly command: "version" | "help" }
  | { readonly command: "serve"; readonly config: Config };

/** The program's help. */
export function helpText(): string {
  return formatHelp({
    name: "rt-cri",
    usage: "CRI that connects to the Docker engine",
    version: VERSION,
    flags,
  });
}

/** Reads a command line. @throws {FlagError} `INVALID_ARGUMENT`; {@linkcode InvalidRequestError} for a wrong value. */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const { values, args } = parseFlags(flags, argv, { dialect: "pflag" });
  if (values.version || values.buildinfo) return { command: "version" };
  if (values.help) return { command: "help" };
  if (args.length > 0) throw new InvalidRequestError(`unknown command: ${args[0]}`);
  if (values["network-plugin"] !== "") {
    throw new InvalidRequestError(
      `network plugin ${JSON.stringify(values["network-plugin"])} is not supported: pods use the engine's networks`,
    );
  }
  if (values["streaming-bind-addr"] !== "") {
    throw new InvalidRequestError("--streaming-bind-addr: the streaming server is not supported yet");
  }
  const engineAddress = values["docker-endpoint"];
  // A command that times out is killed by its pid, which means something only on the engine's machine.
  socketPath(engineAddress, "docker-endpoint");
  return {
    command: "serve",
    config: {
      address: socketPath(values["container-runtime-endpoint"], "container-runtime-endpoint"),
      engineAddress,
      root: values["cri-dockerd-root-directory"],
      pauseImage: values["pod-infra-container-image"] || PAUSE_IMAGE,
      logLevel: logLevel(values["log-level"]),
    },
  };
}

function socketPath(endpoint: string, flag: string): string {
  const path = endpoint.replace(/^unix:\/\//, "");
  if (path.startsWith("/")) return path;
  throw new InvalidRequestError(`--${flag}: ${JSON.stringify(endpoint)} is not a unix socket`);
}

function logLevel(text: string): LogLevel {
  switch (text) {
    case "trace":
    case "debug":
      return "debug";
    case "info":
    case "warn":
    case "error":
      return text;
    case "warning":
      return "warn";
    case "fatal":
    case "panic":
      return "error";
    default:
      throw new InvalidRequestError(`not a valid logrus Level: ${JSON.stringify(text)}`);
  }
}
