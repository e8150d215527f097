/** Engines for the tests: the real dockerd and ours, each in a network namespace and directories of its own. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createEngineClient } from "@rt/dockerd/client";

/** An engine that runs until it is disposed. */
export interface TestEngine extends AsyncDisposable {
  /** `unix://…`. */
  readonly address: string;
  /** A directory of its own. */
  readonly directory: string;
  /** Name of its network namespace. */
  readonly netns: string;
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
  return start((directory) => [
    which("dockerd")!,
    ...["--data-root", join(directory, "data"), "--exec-root", join(directory, "exec")],
    ...["-H", `unix://${join(directory, "docker.sock")}`, "--pidfile", join(directory, "pid")],
  ]);
}

/** Starts our dockerd from its source; it starts its own containerd. */
export function rtDockerd(): Promise<TestEngine> {
  const main = join(import.meta.dirname, "../../../dockerd/src/cli/main.ts");
  return start((directory) => [
    ...[process.execPath, "--conditions=rt-source", "--disable-warning=ExperimentalWarning", main],
    ...["--data-root", join(directory, "data"), "--exec-root", join(directory, "exec")],
    ...["-H", `unix://${join(directory, "docker.sock")}`, "--pidfile", join(directory, "pid")],
    ...["--bridge", "rtcritest0", "--bip", "172.31.250.1/24"],
  ]);
}

let counter = 0;

async function start(command: (directory: string) => string[]): Promise<TestEngine> {
  const directory = mkdtempSync("/tmp/rt-cri-");
  const netns = `rtcri${process.pid}x${++counter}`;
  execFileSync("ip", ["netns", "add", netns]);
  execFileSync("ip", ["-n", netns, "link", "set", "lo", "up"]);
  const log = openSync(join(directory, "log"), "a");
  const args = [`--net=/run/netns/${netns}`, ...command(directory)];
  const daemon = spawn("nsenter", args, { stdio: ["ignore", log, log] });
  const address = `unix://${join(directory, "docker.sock")}`;
  const engine: TestEngine = {
    address,
    directory,
    netns,
    async [Symbol.asyncDispose]() {
      await end(daemon);
      execFileSync("ip", ["netns", "del", netns]);
      unmountBelow(directory);
      rmSync(directory, { recursive: true, force: true });
    },
  };
  try {
    await importBusybox(address, directory);
    return engine;
  } catch (err) {
    const text = readFileSync(join(directory, "log"), "utf8");
    await engine[Symbol.asyncDispose]();
    throw new Error(`the engine did not come up:\n${text.slice(-3000)}`, { cause: err });
  }
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
  for (let left = 100; ; left--) {
    try {
      await engine.system.ping();
      break;
    } catch (err) {
      if (left === 0) throw err;
      await sleep(200);
    }
  }
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
