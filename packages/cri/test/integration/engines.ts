/** Engines for the tests: the real dockerd in a network namespace of its own, ours with a bridge of its own. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createEngineClient } from "@rt/dockerd/client";

/** An engine that runs until it is disposed. */
export interface TestEngine extends AsyncDisposable {
  /** `unix://…`. */
  readonly address: string;
  /** A directory of its own. */
  readonly directory: string;
}

/** Name of the image that the engine has. */
export const IMAGE = "busybox";

/** Where a program is. */
export function which(program: string): string | undefined {
  const directories = `${process.env.PATH}:/usr/local/bin:/usr/bin:/usr/sbin:/sbin`.split(":");
  return directories.map((d) => join(d, program)).find((p) => existsSync(p));
}

/** Why the tests on `program` cannot run; undefined where they can. */
export function whyNot(...programs: string[]): string | undefined {
  if (process.getuid?.() !== 0) return "needs root";
  const missing = programs.filter((p) => which(p) === undefined);
  return missing.length > 0 ? `needs ${missing.join(", ")}` : undefined;
}

/** Starts the real dockerd. */
export function realDockerd(): Promise<TestEngine> {
  const netns = `rtcri${process.pid}`;
  execFileSync("ip", ["netns", "add", netns]);
  execFileSync("ip", ["-n", netns, "link", "set", "lo", "up"]);
  const clear = (): void => void execFileSync("ip", ["netns", "del", netns]);
  return start(clear, (directory) => [
    [
      ...["nsenter", `--net=/run/netns/${netns}`, which("dockerd")!],
      ...["--data-root", join(directory, "data"), "--exec-root", join(directory, "exec")],
      ...["-H", `unix://${join(directory, "docker.sock")}`, "--pidfile", join(directory, "pid")],
    ],
  ]);
}

/** Starts our containerd and dockerd, from their sources. */
export function rtDockerd(): Promise<TestEngine> {
  const bridge = `rtcri${process.pid}`;
  const clear = (): void => {
    spawnSync("ip", ["link", "del", bridge]);
    spawnSync("nft", ["delete", "table", "ip", bridge]);
  };
  return start(clear, (directory) => {
    const containerd = join(directory, "containerd.sock");
    return [
      [
        ...source("containerd"),
        ...["--config", containerdConfig(directory), "--address", containerd],
        ...["--root", join(directory, "containerd"), "--state", join(directory, "state")],
      ],
      [
        ...source("dockerd"),
        ...["-H", `unix://${join(directory, "docker.sock")}`, "--containerd", containerd],
        ...["--data-root", join(directory, "data"), "--exec-root", join(directory, "exec")],
        ...["--pidfile", join(directory, "pid"), "--bridge", bridge, "--bip", "172.31.250.1/24"],
      ],
    ];
  });
}

/** The command line that runs a package's program from its source. */
export function source(name: string): string[] {
  const main = join(import.meta.dirname, "../../..", name, "src/cli/main.ts");
  return [process.execPath, "--conditions=rt-source", "--disable-warning=ExperimentalWarning", main];
}

/** A configuration in which the shim too runs from its source. */
function containerdConfig(directory: string): string {
  const shim = join(directory, "containerd-shim-rt-v2");
  writeFileSync(shim, `#!/bin/sh\nexec ${source("shim").join(" ")} "$@"\n`, { mode: 0o755 });
  const path = join(directory, "config.toml");
  const table = 'plugins."io.containerd.runtime.v2.task".shims';
  writeFileSync(path, `version = 2\n[${table}]\n"io.containerd.rt.v2" = "${shim}"\n`);
  return path;
}

/** Starts daemons one after the other; the last one is the engine. */
async function start(clear: () => void, commands: (directory: string) => string[][]): Promise<TestEngine> {
  const directory = mkdtempSync("/tmp/rt-cri-");
  const log = openSync(join(directory, "log"), "a");
  const daemons: ChildProcess[] = [];
  const address = `unix://${join(directory, "docker.sock")}`;
  const engine: TestEngine = {
    address,
    directory,
    async [Symbol.asyncDispose]() {
      for (const daemon of daemons.reverse()) await end(daemon);
      closeSync(log);
      clear();
      unmountBelow(directory);
      rmSync(directory, { recursive: true, force: true });
    },
  };
  try {
    for (const command of commands(directory)) {
      const [program = "", ...args] = command;
      const daemon = spawn(program, args, { stdio: ["ignore", log, log] });
      daemons.push(daemon);
      await answers(
        daemon,
        join(directory, command.includes("--address") ? "containerd.sock" : "docker.sock"),
      );
    }
    await importBusybox(address, directory);
    return engine;
  } catch (err) {
    const text = readFileSync(join(directory, "log"), "utf8");
    await engine[Symbol.asyncDispose]();
    throw new Error(`the engine did not come up:\n${text.slice(-3000)}`, { cause: err });
  }
}

/** Resolves when something listens on `socket`. */
export async function answers(daemon: ChildProcess, socket: string): Promise<void> {
  for (let left = 300; left > 0; left--) {
    if (daemon.exitCode !== null) throw new Error(`the daemon ended with ${daemon.exitCode}`);
    const connected = await new Promise<boolean>((resolve) => {
      const connection = connect(socket, () => {
        connection.destroy();
        resolve(true);
      });
      connection.once("error", () => resolve(false));
    });
    if (connected) return;
    await sleep(100);
  }
  throw new Error(`nothing listens on ${socket}`);
}

async function importBusybox(address: string, directory: string): Promise<void> {
  const rootfs = join(directory, "busybox");
  mkdirSync(join(rootfs, "bin"), { recursive: true });
  mkdirSync(join(rootfs, "tmp"));
  copyFileSync(which("busybox")!, join(rootfs, "bin/busybox"));
  for (const name of execFileSync(which("busybox")!, ["--list"], { encoding: "utf8" }).trim().split("\n")) {
    if (name !== "busybox") symlinkSync("busybox", join(rootfs, "bin", name));
  }
  const tar = execFileSync("tar", ["-C", rootfs, "-c", "."], { maxBuffer: 64 << 20 });
  await using engine = createEngineClient({ address });
  const body = (async function* () {
    yield tar;
  })();
  for await (const _message of engine.images.import(body, { repo: IMAGE, tag: "latest" }));
}

/** Ends a process and waits for it. */
export async function end(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await exited;
}

function unmountBelow(directory: string): void {
  const mounts = readFileSync("/proc/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((path) => path.startsWith(`${directory}/`));
  for (const path of mounts.reverse()) execFileSync("umount", ["-l", path]);
}
