/**
 * Real peers for system tests: containerd and docker-registry, each with its own directories, on the loopback only.
 *
 * @module
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A peer that runs. */
export interface Peer extends AsyncDisposable {
  readonly address: string;
  readonly dir: string;
}

/** Why system tests with `programs` cannot run here; undefined if they can. */
export function missing(...programs: string[]): string | undefined {
  if (process.getuid?.() !== 0) return "not root";
  const absent = programs.filter((p) => spawnSync("which", [p]).status !== 0);
  return absent.length > 0 ? `${absent.join(", ")} not installed` : undefined;
}

/** Starts a real containerd. */
export async function startContainerd(): Promise<Peer> {
  const dir = mkdtempSync(join(tmpdir(), "rt-containerd-"));
  const address = join(dir, "state", "containerd.sock");
  const config = join(dir, "config.toml");
  writeFileSync(
    config,
    [
      "version = 2",
      `root = "${join(dir, "root")}"`,
      `state = "${join(dir, "state")}"`,
      'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]',
      `[grpc]\naddress = "${address}"`,
    ].join("\n"),
  );
  const log = openSync(join(dir, "log"), "a");
  const child = spawn("containerd", ["--config", config], { stdio: ["ignore", log, log] });
  await until(
    () => existsSync(address) && spawnSync("ctr", ["-a", address, "version"]).status === 0,
    child,
    dir,
  );
  return peer(address, dir, child);
}

/** Starts a real docker-registry on a free port of 127.0.0.1. */
export async function startRegistry(): Promise<Peer> {
  const dir = mkdtempSync(join(tmpdir(), "rt-registry-"));
  const port = await freePort();
  const config = join(dir, "config.yml");
  mkdirSync(join(dir, "data"));
  writeFileSync(
    config,
    `version: 0.1\nlog:\n  level: warn\nstorage:\n  filesystem:\n    rootdirectory: ${join(dir, "data")}\n  delete:\n    enabled: true\nhttp:\n  addr: 127.0.0.1:${port}\n`,
  );
  const log = openSync(join(dir, "log"), "a");
  const child = spawn("docker-registry", ["serve", config], { stdio: ["ignore", log, log] });
  const up = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${port}/v2/`).then(
      (r) => r.ok,
      () => false,
    );
  await until(up, child, dir);
  return peer(`127.0.0.1:${port}`, dir, child);
}

function peer(address: string, dir: string, child: ChildProcess): Peer {
  return {
    address,
    dir,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGTERM");
        await gone;
      }
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function until(
  ready: () => boolean | Promise<boolean>,
  child: ChildProcess,
  dir: string,
): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await ready()) return;
    if (child.exitCode !== null) break;
    await sleep(50);
  }
  child.kill("SIGKILL");
  throw new Error(`peer did not start: ${readFileSync(join(dir, "log"), "utf8").slice(-2000)}`);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject).listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
