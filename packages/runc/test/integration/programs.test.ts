/** The generated programs, run as they are: hello, init, pause. */
import { type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Arch } from "../../src/kernel.ts";
import { helloElf, INIT_VERSION, initElf, pauseElf } from "../../src/kernel.ts";

const arch = process.arch as Arch;

describe.skipIf(process.platform !== "linux")("generated programs", () => {
  const dir = mkdtempSync(join(tmpdir(), "rt-programs-"));
  const run = (
    name: string,
    args: string[] = [],
    env: NodeJS.ProcessEnv = process.env,
  ): SpawnSyncReturns<string> => spawnSync(join(dir, name), args, { encoding: "utf8", env, timeout: 10_000 });
  beforeAll(() => {
    const write = (name: string, bytes: Uint8Array): void =>
      writeFileSync(join(dir, name), bytes, { mode: 0o755 });
    write("hello", helloElf(arch, "hello, world\n"));
    write("init", initElf(arch));
    write("pause", pauseElf(arch));
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  test("hello prints its text", () => {
    expect(run("hello")).toMatchObject({ status: 0, stdout: "hello, world\n" });
  });

  test("init passes arguments, environment and exit code", () => {
    const r = run("init", ["--", "sh", "-c", 'echo "$0" "$V"; exit 7', "arg"], { ...process.env, V: "x y" });
    expect(r).toMatchObject({ status: 7, stdout: "arg x y\n" });
  });

  test("init takes docker-init's flags and names its version", () => {
    expect(run("init", ["-s", "-g", "true"]).status).toBe(0);
    expect(run("init", ["--version"]).stdout).toBe(`${INIT_VERSION}\n`);
  });

  test.each([
    ["no-such-program", 127, "No such file or directory"],
    ["/no/such/program", 127, "No such file or directory"],
    ["/etc", 126, "Permission denied"],
  ])("init says why it can't execute %s", (program, status, text) => {
    const r = run("init", [program]);
    expect(r.status).toBe(status);
    expect(r.stderr).toBe(`[FATAL docker-init] exec ${program} failed: ${text}\n`);
  });

  test("init turns a signal into 128 + n", () => {
    expect(run("init", ["sh", "-c", "kill -KILL $$"]).status).toBe(137);
  });

  test("init forwards signals and reaps orphans", async () => {
    const script = 'trap "exit 33" TERM; (sleep 0.1 &) ; echo ready; while :; do sleep 0.05; done';
    const child = spawn(join(dir, "init"), ["sh", "-c", script], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = new Promise((resolve) => child.once("exit", (code) => resolve(code)));
    await new Promise((resolve) => child.stdout.once("data", resolve));
    await sleep(300);
    const zombies = spawnSync("ps", ["--ppid", `${child.pid}`, "-o", "stat="], { encoding: "utf8" }).stdout;
    expect(zombies).not.toContain("Z");
    child.kill("SIGTERM");
    expect(await ended).toBe(33);
  });

  test("pause waits, and ends on SIGTERM", async () => {
    const child = spawn(join(dir, "pause"), { stdio: "ignore" });
    const ended = new Promise((resolve) => child.once("exit", (code) => resolve(code)));
    await sleep(100);
    expect(child.exitCode).toBe(null);
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
  });
});
