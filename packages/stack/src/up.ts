/**
 * `up`: starts the daemons of a stack below one root and returns when all sockets answer. Idempotent.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Daemon, daemons, engineCommand, type StackSettings } from "./daemons.ts";
import { type StackPaths, stackPaths } from "./paths.ts";
import { isAlive, readProcess } from "./processes.ts";
import { answers, waitFor } from "./wait.ts";

/** Second bytes of the pools a bridge may get. */
const POOLS = { first: 18, count: 12 } as const;

/** How to bring a stack up. */
export interface UpOptions {
  /** Folder of everything; at most {@linkcode MAX_ROOT_BYTES} bytes. */
  readonly root: string;
  /** @default {"node"} */
  readonly engine?: StackSettings["engine"];
  /** How long the sockets may take to answer. Milliseconds. @default {20000} */
  readonly timeoutMs?: number;
  /** Which daemons; all when absent. */
  readonly only?: readonly string[];
}

/** Starts what does not run yet; resolves when every socket answers. */
export async function up(options: UpOptions): Promise<StackPaths> {
  const paths = stackPaths(options.root);
  for (const dir of [paths.root, paths.logs, paths.pids]) mkdirSync(dir, { recursive: true, mode: 0o711 });
  const settings = readSettings(paths) ?? chooseSettings(paths, options.engine ?? "node");
  for (const daemon of daemons(paths, settings)) {
    if (options.only !== undefined && !options.only.includes(daemon.name)) continue;
    await startDaemon(paths, settings, daemon, options.timeoutMs ?? 20_000);
  }
  return paths;
}

/** Starts one daemon detached, its output to its log, and waits for its socket. No-op where it runs. */
export async function startDaemon(
  paths: StackPaths,
  settings: StackSettings,
  daemon: Daemon,
  timeoutMs: number,
): Promise<void> {
  if (daemonPid(paths, daemon.name) !== undefined && (await answers(daemon.socket))) return;
  const log = openSync(join(paths.logs, `${daemon.name}.log`), "a", 0o600);
  const [program = "", ...args] = [...engineCommand(settings.engine, daemon.entry), ...daemon.args];
  const child = spawn(program, args, {
    cwd: paths.root,
    detached: true,
    stdio: ["ignore", log, log],
    env: daemonEnv(settings),
  });
  closeSync(log);
  child.unref();
  if (child.pid === undefined) throw new Error(`cannot start ${daemon.name}: ${program} did not run`);
  const pid = child.pid;
  writeFileSync(join(paths.pids, `${daemon.name}.pid`), `${pid}\n`);
  await waitFor(
    `cannot start ${daemon.name}: ${daemon.socket} does not answer`,
    async () => {
      if (!isAlive(pid))
        throw new Error(`cannot start ${daemon.name}: it ended; ${lastLines(paths, daemon.name)}`);
      return answers(daemon.socket);
    },
    timeoutMs,
  );
}

/** The pid of a daemon that runs, by its pid file and its command line. */
export function daemonPid(paths: StackPaths, name: string): number | undefined {
  const file = join(paths.pids, `${name}.pid`);
  if (!existsSync(file)) return undefined;
  const found = readProcess(Number(readFileSync(file, "utf8")));
  return found?.args.some((a) => a.includes(paths.root)) ? found.pid : undefined;
}

/** What an earlier `up` decided. */
export function readSettings(paths: StackPaths): StackSettings | undefined {
  return existsSync(paths.settings)
    ? (JSON.parse(readFileSync(paths.settings, "utf8")) as StackSettings)
    : undefined;
}

function chooseSettings(paths: StackPaths, engine: StackSettings["engine"]): StackSettings {
  const settings: StackSettings = { engine, bridgeAddress: freeBridgeAddress(paths) };
  writeFileSync(paths.settings, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 });
  return settings;
}

/**
 * A 172.x/16 pool of Docker's that no address or route of this host uses. Each root begins to look at another one,
 * so that stacks that start at the same moment do not meet.
 */
function freeBridgeAddress(paths: StackPaths): string {
  const table = readFileSync("/proc/net/fib_trie", "utf8");
  const first = Number.parseInt(paths.bridge.slice(-6), 16);
  for (let i = 0; i < POOLS.count; i++) {
    const second = POOLS.first + ((first + i) % POOLS.count);
    if (!table.includes(` 172.${second}.`)) return `172.${second}.0.1/16`;
  }
  throw new Error("cannot choose a bridge address: 172.18.0.0/16 to 172.29.0.0/16 are all in use");
}

/** The daemons' environment: the caller's without engine options, and the engine for the programs they start. */
function daemonEnv(settings: StackSettings): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, RT_ENGINE: settings.engine };
  for (const key of ["NODE_OPTIONS", "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID"]) delete env[key];
  env.PATH = `${process.env.PATH ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;
  return env;
}

function lastLines(paths: StackPaths, name: string): string {
  const text = readFileSync(join(paths.logs, `${name}.log`), "utf8");
  return text.trimEnd().split("\n").slice(-5).join(" | ");
}
