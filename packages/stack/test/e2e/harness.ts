/**
 * Harness of the end-to-end tests: one stack per test file, the real docker CLI against it, images without a registry.
 *
 * @module
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { StackSettings } from "../../src/daemons.ts";
import { down } from "../../src/down.ts";
import { leaks, type MachineState, machineState } from "../../src/leaks.ts";
import { type StackPaths, stackPaths } from "../../src/paths.ts";
import { up } from "../../src/up.ts";
import { waitFor } from "../../src/wait.ts";

/** Engine of the daemons under test (`RT_TEST_ENGINE`). */
export const ENGINE: StackSettings["engine"] = process.env.RT_TEST_ENGINE === "bun" ? "bun" : "node";

/** Socket of a real dockerd that the docker CLI tests are to run against instead (`RT_TEST_DOCKER_SOCKET`). */
export const PEER: string | undefined = process.env.RT_TEST_DOCKER_SOCKET;

/** Why the end-to-end tests cannot run here; undefined where they can. */
export function whyNot(...programs: readonly string[]): string | undefined {
  if (process.getuid?.() !== 0) return "needs root";
  const missing = programs.filter((p) => which(p) === undefined);
  return missing.length > 0 ? `needs ${missing.join(", ")}` : undefined;
}

/** Where a program is in PATH or the system directories. */
export function which(program: string): string | undefined {
  const dirs = `${process.env.PATH}:/usr/local/bin:/usr/bin:/usr/sbin:/sbin`.split(":");
  return dirs.map((d) => join(d, program)).find((p) => existsSync(p));
}

/** What a command printed and how it ended. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running stack and a way to talk to it. */
export interface TestStack extends AsyncDisposable {
  readonly paths: StackPaths;
  readonly before: MachineState;
  /** Environment that points clients at the stack. */
  readonly env: NodeJS.ProcessEnv;
  /** Runs the real docker CLI. */
  docker(args: readonly string[], input?: string | Buffer): Ran;
  /** The same without blocking. */
  dockerAsync(args: readonly string[], input?: string): Promise<Ran>;
  /** Restarts what is down. */
  up(): Promise<void>;
  /** Waits until nothing that was not there at the start is left, then lists what is. */
  leaked(): Promise<string[]>;
}

/** Starts a stack of its own in a temporary root with the image `busybox` imported. */
export async function testStack(): Promise<TestStack> {
  const root = mkdtempSync("/tmp/rt-e2e-");
  const start = async (): Promise<StackPaths> =>
    PEER === undefined
      ? up({ root, engine: ENGINE, timeoutMs: 30_000 })
      : { ...stackPaths(root), dockerSocket: PEER };
  const paths = await start();
  const env = {
    ...process.env,
    DOCKER_HOST: `unix://${paths.dockerSocket}`,
    DOCKER_CONFIG: join(root, "docker-config"),
    CONTAINERD_ADDRESS: paths.containerdSocket,
    PATH: `/usr/local/bin:${process.env.PATH}:/usr/sbin:/sbin`,
  };
  const docker: TestStack["docker"] = (args, input) => {
    const r = spawnSync("docker", args, {
      env,
      input,
      timeout: 60_000,
      maxBuffer: 1 << 28,
      encoding: "utf8",
    });
    return { code: r.status ?? -1, stdout: r.stdout, stderr: r.stderr };
  };
  const imported = docker(["import", "-c", 'CMD ["sh"]', "-", "busybox"], busyboxTar());
  if (imported.code !== 0) {
    await down({ root, remove: true });
    throw new Error(`cannot import the busybox image: ${imported.stderr}`);
  }
  const before = machineState(root);
  return {
    paths,
    before,
    env,
    docker,
    dockerAsync: (args, input) => runAsync("docker", args, env, input),
    async up() {
      await start();
    },
    async leaked() {
      const list = (): string[] => leaks(before, machineState(root));
      await waitFor("leaks", () => list().length === 0, 5_000).catch(() => undefined);
      return list();
    },
    async [Symbol.asyncDispose]() {
      await down({ root, remove: true });
    },
  };
}

/** Runs a program without blocking and collects its output. */
export function runAsync(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  input?: string,
): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { env, stdio: ["pipe", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (d: string) => (stdout += d));
    child.stderr.setEncoding("utf8").on("data", (d: string) => (stderr += d));
    child.stdin.on("error", () => undefined);
    child.stdin.end(input ?? "");
    child.once("close", (code) => resolve({ code: code ?? -1, stdout, stderr }));
  });
}

/** A root file system of a static busybox as a tar. */
export function busyboxTar(): Buffer {
  const dir = mkdtempSync("/tmp/rt-busybox-");
  try {
    for (const d of ["bin", "etc", "tmp", "root", "home", "var"]) mkdirSync(join(dir, d));
    chmodSync(join(dir, "tmp"), 0o1777);
    const busybox = which("busybox");
    if (busybox === undefined) throw new Error("no busybox in PATH");
    copyFileSync(busybox, join(dir, "bin/busybox"));
    chmodSync(join(dir, "bin/busybox"), 0o755);
    const applets = execFileSync(busybox, ["--list"], { encoding: "utf8" }).trim().split("\n");
    for (const a of applets) if (a !== "busybox") symlinkSync("busybox", join(dir, "bin", a));
    writeFileSync(
      join(dir, "etc/passwd"),
      "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home:/bin/sh\n",
    );
    writeFileSync(join(dir, "etc/group"), "root:x:0:\nuser:x:1000:\n");
    return execFileSync("tar", ["-C", dir, "-c", "."], { maxBuffer: 1 << 26 });
  } finally {
    rmSync(dir, { recursive: true });
  }
}
