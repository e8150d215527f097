/**
 * Configuration: where the daemon keeps things and what it listens on.
 *
 * Read from a TOML file with containerd's keys (version 2 or 3), then from the command line. Keys that we have no use
 * for are ignored, so that a file written for containerd can be used.
 * Source: containerd cmd/containerd/server/config, docs/man/containerd-config.toml.5.md.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, stringify } from "smol-toml";
import { InvalidArgumentError } from "./errors.ts";
import type { GcSchedule } from "./metadata/gc_scheduler.ts";
import type { LogLevel } from "./oci.ts";

/** Version that is told to clients. */
export const VERSION = "0.0.0";

/** The runtime that our own shim serves. */
export const RT_RUNTIME = "io.containerd.rt.v2";

/** Configuration of the daemon. */
export interface Config {
  /** Directory of what lasts. Absolute. @default {"/var/lib/rt/containerd"} */
  readonly root: string;
  /** Directory of what lasts until the machine restarts. Absolute. @default {"/run/rt/containerd"} */
  readonly state: string;
  /** Path of the gRPC socket. @default {"/run/rt/containerd.sock"} */
  readonly address: string;
  /** Path of the ttrpc socket for shims' events. @default {address + ".ttrpc"} */
  readonly ttrpcAddress: string;
  /** @default {"info"} */
  readonly logLevel: LogLevel;
  /** @default {"text"} */
  readonly logFormat: "text" | "json";
  /** Snapshotter that an empty name means. @default {"overlayfs"} */
  readonly defaultSnapshotter: string;
  /** Shim binaries by runtime name, looked up before PATH. @default our own shim for `io.containerd.rt.v2` */
  readonly shims: Readonly<Record<string, string>>;
  /** Directories where shims are looked for; handed to them as PATH. @default {the daemon's PATH} */
  readonly path: string;
  /** Garbage collection. */
  readonly gc: Omit<GcSchedule, "log">;
}

/** The configuration of a daemon that is told nothing. */
export function defaultConfig(): Config {
  const address = "/run/rt/containerd.sock";
  const shim = ownShim();
  return {
    root: "/var/lib/rt/containerd",
    state: "/run/rt/containerd",
    address,
    ttrpcAddress: `${address}.ttrpc`,
    logLevel: "info",
    logFormat: "text",
    defaultSnapshotter: "overlayfs",
    shims: shim === undefined ? {} : { [RT_RUNTIME]: shim },
    path: process.env.PATH ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    gc: { mutationThreshold: 100, deletionThreshold: 0, scheduleDelayMs: 0, startupDelayMs: 100 },
  };
}

/** `base` with what the command line says on top; the ttrpc address follows the gRPC address unless it is set. */
export function withFlags(base: Config, flags: Partial<Config>): Config {
  const given = Object.fromEntries(
    Object.entries(flags).filter(([, value]) => value !== undefined),
  ) as Partial<Config>;
  const ttrpcAddress =
    given.address !== undefined && given.ttrpcAddress === undefined ? `${given.address}.ttrpc` : undefined;
  return { ...base, ...given, ...(ttrpcAddress === undefined ? {} : { ttrpcAddress }) };
}

/**
 * Reads a configuration file on top of `base`.
 *
 * @throws {InvalidArgumentError} `INVALID_ARGUMENT` if it is not TOML, of another version, or has a value of a wrong type.
 */
export function loadConfig(path: string, base: Config = defaultConfig()): Config {
  let table: Table;
  try {
    table = parse(readFileSync(path, "utf8")) as Table;
  } catch (err) {
    throw new InvalidArgumentError(`cannot read configuration ${path}: ${(err as Error).message}`, {
      cause: err,
    });
  }
  return configOf(table, base, path);
}

type Table = { readonly [key: string]: unknown };

function configOf(table: Table, base: Config, path: string): Config {
  const read = new Reader(path);
  const version = read.number(table, "version") ?? 1;
  if (version !== 2 && version !== 3) {
    throw new InvalidArgumentError(`cannot read configuration ${path}: version ${version} is not 2 or 3`);
  }
  const grpc = read.table(table, "grpc");
  const plugins = read.table(table, "plugins");
  const gc = read.table(plugins, "io.containerd.gc.v1.scheduler");
  const task = read.table(plugins, "io.containerd.runtime.v2.task");
  const debug = read.table(table, "debug");
  const level = read.string(debug, "level");
  const address = read.string(grpc, "address") || base.address;
  const shims = Object.entries(read.table(task, "shims")).map(([name]) => [
    name,
    read.string(read.table(task, "shims"), name) ?? "",
  ]);
  return {
    ...base,
    root: read.string(table, "root") || base.root,
    state: read.string(table, "state") || base.state,
    address,
    ttrpcAddress: read.string(read.table(table, "ttrpc"), "address") || `${address}.ttrpc`,
    logLevel: level ? logLevel(level) : base.logLevel,
    logFormat: read.string(debug, "format") === "json" ? "json" : base.logFormat,
    defaultSnapshotter: read.string(task, "default_snapshotter") || base.defaultSnapshotter,
    shims: { ...base.shims, ...(Object.fromEntries(shims) as Record<string, string>) },
    gc: {
      mutationThreshold: read.number(gc, "mutation_threshold") ?? base.gc.mutationThreshold ?? 100,
      deletionThreshold: read.number(gc, "deletion_threshold") ?? base.gc.deletionThreshold ?? 0,
      scheduleDelayMs: read.durationMs(gc, "schedule_delay") ?? base.gc.scheduleDelayMs ?? 0,
      startupDelayMs: read.durationMs(gc, "startup_delay") ?? base.gc.startupDelayMs ?? 100,
    },
  };
}

/** The configuration as a file that {@linkcode loadConfig} reads. */
export function dumpConfig(config: Config): string {
  const ms = (value: number | undefined): string => `${value ?? 0}ms`;
  return `${stringify({
    version: 2,
    root: config.root,
    state: config.state,
    grpc: { address: config.address },
    ttrpc: { address: config.ttrpcAddress },
    debug: { level: config.logLevel, format: config.logFormat },
    plugins: {
      "io.containerd.gc.v1.scheduler": {
        mutation_threshold: config.gc.mutationThreshold ?? 100,
        deletion_threshold: config.gc.deletionThreshold ?? 0,
        schedule_delay: ms(config.gc.scheduleDelayMs),
        startup_delay: ms(config.gc.startupDelayMs),
      },
      "io.containerd.runtime.v2.task": {
        default_snapshotter: config.defaultSnapshotter,
        shims: { ...config.shims },
      },
    },
  })}\n`;
}

/** A level by containerd's words. @throws {InvalidArgumentError} `INVALID_ARGUMENT`. */
export function logLevel(text: string): LogLevel {
  switch (text) {
    case "trace":
    case "debug":
      return "debug";
    case "info":
      return "info";
    case "warn":
    case "warning":
      return "warn";
    case "error":
    case "fatal":
    case "panic":
      return "error";
    default:
      throw new InvalidArgumentError(`not a valid logrus Level: ${JSON.stringify(text)}`);
  }
}

/** Reads values of a TOML table, naming the file when a type is wrong. */
class Reader {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  table(parent: Table, key: string): Table {
    const value = parent[key];
    if (value === undefined) return {};
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw this.#wrong(key, "a table");
    return value as Table;
  }

  string(parent: Table, key: string): string | undefined {
    const value = parent[key];
    if (value === undefined || typeof value === "string") return value;
    throw this.#wrong(key, "a string");
  }

  number(parent: Table, key: string): number | undefined {
    const value = parent[key];
    if (value === undefined) return undefined;
    if (typeof value === "number" || typeof value === "bigint") return Number(value);
    throw this.#wrong(key, "a number");
  }

  /** Go durations (`100ms`, `1.5s`), or bare nanoseconds. */
  durationMs(parent: Table, key: string): number | undefined {
    const value = parent[key];
    if (value === undefined) return undefined;
    if (typeof value === "number") return value / 1e6;
    const units: Readonly<Record<string, number>> = {
      ns: 1e-6,
      us: 1e-3,
      ms: 1,
      s: 1000,
      m: 60_000,
      h: 3_600_000,
    };
    const parts = typeof value === "string" ? [...value.matchAll(/([0-9.]+)(ns|us|ms|s|m|h)/gy)] : [];
    if (value !== "0" && parts.map((p) => p[0]).join("") !== value) throw this.#wrong(key, "a duration");
    return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (units[unit ?? ""] ?? 0), 0);
  }

  #wrong(key: string, what: string): InvalidArgumentError {
    return new InvalidArgumentError(`cannot read configuration ${this.#path}: ${key} is not ${what}`);
  }
}

/** Our own shim: beside the package @rt/shim, or beside the program if that was compiled. */
function ownShim(): string | undefined {
  const name = "containerd-shim-rt-v2";
  const candidates = [join(dirname(process.execPath), name)];
  try {
    candidates.unshift(join(dirname(fileURLToPath(import.meta.resolve("@rt/shim"))), "../bin", name));
  } catch {
    // Compiled to a single file: there is no package to look into.
  }
  return candidates.find((path) => existsSync(path));
}
