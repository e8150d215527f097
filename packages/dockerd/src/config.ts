/**
 * Configuration of the engine: dockerd's flags and `daemon.json`, as one record.
 *
 * Source: dockerd(8), `daemon.json`; moby `daemon/config/config.go`, `cmd/dockerd/config.go`.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { RuntimeInfo } from "./api/types/index.ts";
import { InvalidParameterError } from "./errors.ts";
import type { LogLevel } from "./oci.ts";

/** Where the engine listens if nobody says. */
export const DEFAULT_HOST = "unix:///run/rt/docker.sock";

/** Everything that can be configured. */
export interface EngineConfig {
  /** Addresses to listen on: `unix:///path` or `tcp://host:port`. */
  readonly hosts: readonly string[];
  /** Containers, volumes, networks, and the data of an own containerd. */
  readonly dataRoot: string;
  /** Sockets, FIFOs, namespaces: what a reboot may delete. */
  readonly execRoot: string;
  /** File with the engine's process id. */
  readonly pidFile: string;
  /** Socket of a running containerd; absent starts an own one. */
  readonly containerd?: string;
  /** Program for the own containerd. */
  readonly containerdBinary: string;
  readonly snapshotter: string;
  readonly liveRestore: boolean;
  readonly defaultRuntime: string;
  /** Runtimes by name. */
  readonly runtimes: Readonly<Record<string, RuntimeInfo>>;
  /** `none` leaves out the default bridge. */
  readonly bridge: string;
  /** Address of the default bridge in CIDR form; empty chooses one. */
  readonly bridgeIp: string;
  readonly mtu: number;
  readonly firewall: boolean;
  readonly ipForward: boolean;
  readonly userlandProxy: boolean;
  readonly userlandProxyPath: string;
  /** Program that becomes `/sbin/docker-init`; empty for the generated one. */
  readonly initPath: string;
  readonly cgroupParent: string;
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly insecureRegistries: readonly string[];
  readonly registryMirrors: readonly string[];
  readonly logDriver: string;
  readonly logOptions: Readonly<Record<string, string>>;
  readonly labels: readonly string[];
  readonly shutdownTimeoutSeconds: number;
  readonly logLevel: LogLevel;
  readonly debug: boolean;
}

/** rt-containerd of the package below: where npm or the workspace puts it, else in PATH. */
function containerdProgram(binDir: string): string {
  const places = ["../node_modules/@rt/containerd/bin", "../../containerd/bin", "../../../.bin"];
  const found = places.map((place) => join(binDir, place, "rt-containerd")).find((path) => existsSync(path));
  return found ?? "rt-containerd";
}

/** What is configured when nothing is said. `containerdBinary` and the like are found beside this package. */
export function defaultConfig(binDir: string): EngineConfig {
  return {
    hosts: [DEFAULT_HOST],
    dataRoot: "/var/lib/rt/docker",
    execRoot: "/run/rt/docker",
    pidFile: "/run/rt/docker.pid",
    containerdBinary: containerdProgram(binDir),
    snapshotter: "overlayfs",
    liveRestore: false,
    defaultRuntime: "",
    runtimes: {},
    bridge: "",
    bridgeIp: "",
    mtu: 1500,
    firewall: true,
    ipForward: true,
    userlandProxy: true,
    userlandProxyPath: join(binDir, "rt-docker-proxy"),
    initPath: "",
    cgroupParent: "/docker",
    dns: [],
    dnsSearch: [],
    dnsOptions: [],
    insecureRegistries: [],
    registryMirrors: [],
    logDriver: "json-file",
    logOptions: {},
    labels: [],
    shutdownTimeoutSeconds: 15,
    logLevel: "info",
    debug: false,
  };
}

/** Runtimes that are always there: containerd runtimes by the name that containers use. */
export const BUILTIN_RUNTIMES: Readonly<Record<string, RuntimeInfo>> = {
  rt: { runtimeType: "io.containerd.rt.v2" },
  "io.containerd.rt.v2": { runtimeType: "io.containerd.rt.v2" },
  runc: { path: "runc", runtimeType: "io.containerd.runc.v2" },
  "io.containerd.runc.v2": { runtimeType: "io.containerd.runc.v2" },
};

/** The runtimes of a configuration, and the name of the default one: ours where containerd is ours. */
export function resolveRuntimes(
  config: EngineConfig,
  ours: boolean,
): {
  readonly runtimes: Readonly<Record<string, RuntimeInfo>>;
  readonly defaultRuntime: string;
} {
  const runtimes = { ...BUILTIN_RUNTIMES, ...config.runtimes };
  const defaultRuntime = config.defaultRuntime || (ours ? "rt" : "runc");
  if (!(defaultRuntime in runtimes)) {
    throw new InvalidParameterError(`specified default runtime '${defaultRuntime}' does not exist`);
  }
  return { runtimes, defaultRuntime };
}
