/**
 * Harness: an engine to test (ours over the real containerd, or any by `RT_TEST_DOCKER_SOCKET`) and the docker CLI.
 *
 * @module
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Socket of an engine that is tested in place of ours. */
export const PEER: string | undefined = process.env.RT_TEST_DOCKER_SOCKET;

/** Why the tests cannot run here; undefined where they can. */
export function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root";
  const missing = ["docker", "busybox", ...(PEER === undefined ? ["containerd", "runc"] : [])].filter(
    (program) => which(program) === undefined,
  );
  return missing.length === 0 ? undefined : `needs ${missing.join(", ")}`;
}

/** Where a program is. */
export function which(program: string): string | undefined {
  const dirs = `${process.env.PATH}:/usr/local/bin:/usr/bin:/usr/sbin:/sbin`.split(":");
  return dirs.map((dir) => join(dir, program)).find((path) => existsSync(path));
}

/** What a command printed and how it ended. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** An engine under test. */
export interface TestEngine extends AsyncDisposable {
  readonly socket: string;
  /** Directory for the test's own files. */
  readonly dir: string;
  docker(args: readonly string[], input?: string): Ran;
  /** Kills our daemon by SIGKILL and starts it again; only ours. */
  crash(): Promise<void>;
}

const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");

/** Starts a process that lives as long as the test. */
function start(program: string, args: readonly string[], log: string): ChildProcess {
  const child = spawn("sh", ["-c", 'exec "$0" "$@" >> "$LOG" 2>&1', program, ...args], {
    env: { ...process.env, LOG: log, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
    stdio: "ignore",
  });
  child.unref();
  return child;
}

/** Ends a process and waits for it. */
async function end(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await ended;
}

async function waitForPath(path: string, log: string): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (existsSync(path)) return;
    await sleep(50);
  }
  throw new Error(
    `${path} does not appear: ${existsSync(log) ? readFileSync(log, "utf8").slice(-2000) : ""}`,
  );
}

/** A root file system of a static busybox, as a tar. */
function busyboxTar(dir: string): string {
  const root = join(dir, "rootfs");
  for (const name of ["bin", "etc", "tmp", "root", "seed"]) mkdirSync(join(root, name), { recursive: true });
  cpSync(which("busybox")!, join(root, "bin/busybox"), { dereference: true });
  for (const applet of execFileSync(which("busybox")!, ["--list"], { encoding: "utf8" }).trim().split("\n")) {
    if (applet !== "busybox") symlinkSync("busybox", join(root, "bin", applet));
  }
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n");
  writeFileSync(join(root, "etc/group"), "root:x:0:\nuser:x:1000:\n");
  writeFileSync(join(root, "seed/file"), "seeded");
  execFileSync("chown", ["1000:1000", join(root, "seed/file")]);
  const tar = join(dir, "rootfs.tar");
  execFileSync("tar", ["-C", root, "-cf", tar, "."]);
  rmSync(root, { recursive: true });
  return tar;
}

/** Starts the engine under test and imports `busybox`. */
export async function testEngine(): Promise<TestEngine> {
  const dir = mkdtempSync("/tmp/rt-dockerd-");
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(dir, { recursive: true, force: true }));
  const socket = PEER ?? join(dir, "docker.sock");
  const log = join(dir, "daemon.log");
  let daemon: ChildProcess | undefined;
  const startDaemon = async (): Promise<void> => {
    const args = [
      "--conditions=rt-source",
      MAIN,
      "-H",
      `unix://${socket}`,
      "--containerd",
      join(dir, "c.sock"),
    ];
    args.push(
      "--data-root",
      join(dir, "data"),
      "--exec-root",
      join(dir, "exec"),
      "--pidfile",
      join(dir, "pid"),
    );
    daemon = start(process.execPath, [...args, "--bridge", "none", "-D"], log);
    await waitForPath(socket, log);
  };
  if (PEER === undefined) {
    const config = join(dir, "containerd.toml");
    writeFileSync(
      config,
      `version = 2\nroot = "${dir}/c/root"\nstate = "${dir}/c/state"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\naddress = "${dir}/c.sock"\n[ttrpc]\naddress = "${dir}/c.sock.ttrpc"\n`,
    );
    const containerd = start(which("containerd")!, ["-c", config], join(dir, "containerd.log"));
    stack.defer(() => end(containerd, "SIGTERM"));
    await waitForPath(join(dir, "c.sock"), join(dir, "containerd.log"));
    await startDaemon();
    stack.defer(() => end(daemon!, "SIGTERM"));
  }
  const env = { ...process.env, DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: join(dir, "docker-config") };
  const docker: TestEngine["docker"] = (args, input) => {
    const ran = spawnSync(which("docker")!, args, {
      env,
      input: input ?? "",
      timeout: 30_000,
      killSignal: "SIGKILL",
      encoding: "utf8",
      maxBuffer: 1 << 26,
    });
    return { code: ran.status ?? -1, stdout: ran.stdout, stderr: ran.stderr };
  };
  const imported = docker(["import", "-c", 'CMD ["sh"]', "-c", "ENV FROM=image", busyboxTar(dir), "busybox"]);
  if (imported.code !== 0) throw new Error(`cannot import: ${imported.stderr}`);
  const owned = stack.move();
  return {
    socket,
    dir,
    docker,
    async crash() {
      await end(daemon!, "SIGKILL");
      rmSync(socket, { force: true });
      await startDaemon();
    },
    async [Symbol.asyncDispose]() {
      const left = docker(["ps", "-aq"]).stdout.split("\n").filter(Boolean);
      if (left.length > 0) docker(["rm", "-f", "-v", ...left]);
      await owned.disposeAsync();
    },
  };
}
