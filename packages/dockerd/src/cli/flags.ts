/**
 * Flags of rt-dockerd: dockerd's own, and how they and `daemon.json` become a configuration.
 *
 * Source: dockerd(8); moby `daemon/command/config.go`, `config_unix.go`.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import type { RuntimeInfo } from "../api/types/index.ts";
import { defaultConfig, type EngineConfig } from "../config.ts";
import { InvalidParameterError, messageOf } from "../errors.ts";
import { type LogLevel, parseFlags } from "../oci.ts";

/** The flags. */
export const FLAGS = {
  host: { type: "string", list: true, aliases: ["H"], usage: "Daemon socket(s) to connect to" },
  "data-root": { type: "string", aliases: ["g"], usage: "Root directory of persistent Docker state" },
  "exec-root": { type: "string", usage: "Root directory for execution state files" },
  pidfile: { type: "string", aliases: ["p"], usage: "Path to use for daemon PID file" },
  containerd: { type: "string", usage: "containerd grpc address" },
  "containerd-binary": { type: "string", usage: "Program for the daemon's own containerd" },
  "config-file": { type: "string", default: "/etc/docker/daemon.json", usage: "Daemon configuration file" },
  "live-restore": {
    type: "boolean",
    usage: "Enable live restore of docker when containers are still running",
  },
  "default-runtime": { type: "string", usage: "Default OCI runtime for containers" },
  "add-runtime": { type: "string", list: true, usage: "Register an additional OCI compatible runtime" },
  bridge: { type: "string", aliases: ["b"], usage: "Attach containers to a network bridge" },
  bip: { type: "string", usage: "IPv4 address for the default bridge" },
  mtu: { type: "integer", usage: "Set the containers network MTU" },
  iptables: { type: "boolean", default: true, usage: "Enable addition of firewall rules" },
  ip6tables: { type: "boolean", default: true, usage: "Enable addition of IPv6 firewall rules (ignored)" },
  "ip-forward": { type: "boolean", default: true, usage: "Enable IP forwarding in system configuration" },
  "ip-masq": { type: "boolean", default: true, usage: "Enable IP masquerading (always on)" },
  "userland-proxy": { type: "boolean", default: true, usage: "Use userland proxy for loopback traffic" },
  "userland-proxy-path": { type: "string", usage: "Path to the userland proxy binary" },
  "init-path": { type: "string", usage: "Path to the docker-init binary" },
  "storage-driver": { type: "string", aliases: ["s"], usage: "Snapshotter to use" },
  "cgroup-parent": { type: "string", usage: "Set parent cgroup for all containers" },
  "insecure-registry": { type: "string", list: true, usage: "Enable insecure registry communication" },
  "registry-mirror": { type: "string", list: true, usage: "Preferred registry mirror" },
  "log-driver": { type: "string", usage: "Default driver for container logs" },
  "log-opt": { type: "string", list: true, usage: "Default log driver options for containers" },
  dns: { type: "string", list: true, usage: "DNS server to use" },
  "dns-search": { type: "string", list: true, usage: "DNS search domains to use" },
  "dns-opt": { type: "string", list: true, usage: "DNS options to use" },
  label: { type: "string", list: true, usage: "Set key=value labels to the daemon" },
  "exec-opt": {
    type: "string",
    list: true,
    usage: "Runtime execution options (native.cgroupdriver=cgroupfs only)",
  },
  "shutdown-timeout": { type: "integer", usage: "Set the default shutdown timeout" },
  "log-level": { type: "string", aliases: ["l"], usage: "Set the logging level (debug, info, warn, error)" },
  debug: { type: "boolean", aliases: ["D"], usage: "Enable debug mode" },
  experimental: { type: "boolean", usage: "Enable experimental features (ignored)" },
  help: { type: "boolean", hidden: true },
  version: { type: "boolean", aliases: ["v"], usage: "Print version information and quit" },
} as const;

/** A configuration, and what in it has no effect. */
export interface ParsedCommandLine {
  readonly config: EngineConfig;
  readonly warnings: readonly string[];
  readonly version: boolean;
  readonly help: boolean;
}

/** `name=path` pairs as runtimes. */
function runtimesOf(list: readonly string[]): Record<string, RuntimeInfo> {
  return Object.fromEntries(
    list.map((entry) => {
      const equals = entry.indexOf("=");
      if (equals <= 0) throw new InvalidParameterError(`invalid runtime: ${entry}: expected name=path`);
      const [name, path] = [entry.slice(0, equals), entry.slice(equals + 1)];
      // A path is a runtime program; a name with dots is a containerd runtime.
      return [name, path.startsWith("/") || !path.includes(".") ? { path } : { runtimeType: path }];
    }),
  );
}

/** `key=value` pairs. */
function pairsOf(list: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    list.map((entry) => {
      const equals = entry.indexOf("=");
      if (equals < 0) throw new InvalidParameterError(`invalid option: ${entry}: expected key=value`);
      return [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
}

/** A log level by the names that dockerd takes. */
function levelOf(text: string): LogLevel {
  const levels: Readonly<Record<string, LogLevel>> = {
    trace: "debug",
    debug: "debug",
    info: "info",
    warn: "warn",
    warning: "warn",
    error: "error",
    fatal: "error",
    panic: "error",
  };
  const level = levels[text];
  if (level === undefined) throw new InvalidParameterError(`unable to parse logging level: ${text}`);
  return level;
}

/** What `daemon.json` holds; keys as its own. */
function readDaemonJson(path: string, required: boolean): Record<string, unknown> {
  if (!existsSync(path)) {
    if (required)
      throw new InvalidParameterError(
        `unable to configure the Docker daemon with file ${path}: no such file`,
      );
    return {};
  }
  try {
    return JSON.parse(readFileSync(path, "utf8") || "{}") as Record<string, unknown>;
  } catch (cause) {
    throw new InvalidParameterError(
      `unable to configure the Docker daemon with file ${path}: ${messageOf(cause)}`,
      { cause },
    );
  }
}

/** The words of the command line that `daemon.json` stands for. */
function wordsOf(file: Readonly<Record<string, unknown>>, warnings: string[]): string[] {
  const lists: Readonly<Record<string, string>> = {
    hosts: "host",
    "insecure-registries": "insecure-registry",
    "registry-mirrors": "registry-mirror",
    labels: "label",
    "exec-opts": "exec-opt",
    dns: "dns",
    "dns-search": "dns-search",
    "dns-opts": "dns-opt",
  };
  return Object.entries(file).flatMap(([key, value]): string[] => {
    if (Array.isArray(value) && lists[key] !== undefined)
      return value.map((v) => `--${lists[key]}=${String(v)}`);
    if (key === "log-opts" && typeof value === "object" && value !== null) {
      return Object.entries(value).map(([k, v]) => `--log-opt=${k}=${String(v)}`);
    }
    if (key === "runtimes" && typeof value === "object" && value !== null) {
      return Object.entries(value as Record<string, RuntimeInfo>).map(
        ([name, runtime]) => `--add-runtime=${name}=${runtime.path ?? runtime.runtimeType ?? ""}`,
      );
    }
    if (key in FLAGS && ["string", "number", "boolean"].includes(typeof value))
      return [`--${key}=${String(value)}`];
    warnings.push(`${key} in the configuration file has no effect`);
    return [];
  });
}

/** Reads a command line and the file that it names. @throws {RtError} `INVALID_ARGUMENT`. */
export function parseCommandLine(argv: readonly string[], binDir: string): ParsedCommandLine {
  const warnings: string[] = [];
  const first = parseFlags(FLAGS, argv, { dialect: "pflag" });
  if (first.args.length > 0)
    throw new InvalidParameterError(`"dockerd" accepts no arguments: ${first.args.join(" ")}`);
  const file = readDaemonJson(first.values["config-file"], first.given.has("config-file"));
  const { values, given } = parseFlags(FLAGS, [...wordsOf(file, warnings), ...argv], { dialect: "pflag" });
  for (const name of ["ip6tables", "experimental"] as const) {
    if (given.has(name)) warnings.push(`--${name} has no effect`);
  }
  for (const option of values["exec-opt"]) {
    if (option !== "native.cgroupdriver=cgroupfs") warnings.push(`--exec-opt ${option} has no effect`);
  }
  const driver = values["storage-driver"];
  const snapshotter = driver === undefined || driver === "overlay2" ? undefined : driver;
  const base = defaultConfig(binDir);
  const config: EngineConfig = {
    ...base,
    ...(values.host.length === 0 ? {} : { hosts: values.host }),
    dataRoot: values["data-root"] ?? base.dataRoot,
    execRoot: values["exec-root"] ?? base.execRoot,
    pidFile: values.pidfile ?? base.pidFile,
    ...(values.containerd === undefined ? {} : { containerd: values.containerd.replace(/^unix:\/\//, "") }),
    containerdBinary: values["containerd-binary"] ?? base.containerdBinary,
    snapshotter: snapshotter ?? base.snapshotter,
    liveRestore: values["live-restore"],
    defaultRuntime: values["default-runtime"] ?? base.defaultRuntime,
    runtimes: runtimesOf(values["add-runtime"]),
    bridge: values.bridge ?? base.bridge,
    bridgeIp: values.bip ?? base.bridgeIp,
    mtu: values.mtu ?? base.mtu,
    firewall: values.iptables,
    ipForward: values["ip-forward"],
    userlandProxy: values["userland-proxy"],
    userlandProxyPath: values["userland-proxy-path"] ?? base.userlandProxyPath,
    initPath: values["init-path"] ?? base.initPath,
    cgroupParent: values["cgroup-parent"] ?? base.cgroupParent,
    dns: values.dns,
    dnsSearch: values["dns-search"],
    dnsOptions: values["dns-opt"],
    insecureRegistries: values["insecure-registry"],
    registryMirrors: values["registry-mirror"],
    logDriver: values["log-driver"] ?? base.logDriver,
    logOptions: pairsOf(values["log-opt"]),
    labels: values.label,
    shutdownTimeoutSeconds: values["shutdown-timeout"] ?? base.shutdownTimeoutSeconds,
    debug: values.debug,
    logLevel: values.debug
      ? "debug"
      : values["log-level"] === undefined
        ? base.logLevel
        : levelOf(values["log-level"]),
  };
  return { config, warnings, version: values.version, help: values.help };
}
