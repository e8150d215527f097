/** Real containerd and ctr on our shim and our runtime: the runtime `io.containerd.rt.v2`. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { monitorPid } from "@rt/runc/kernel";
import { afterAll, beforeAll, describe, test } from "vitest";
import { runProgram } from "../../src/host/program.ts";
import { makeBundle } from "../../src/testing/index.ts";
import { sourceProgram, unable } from "../support/program.ts";

const missing =
  unable ?? (existsSync("/usr/bin/containerd") && existsSync("/usr/bin/ctr") ? undefined : "no containerd");

function suite(): void {
  const directory = mkdtempSync(join(tmpdir(), "rt-ctrd-"));
  const ours = sourceProgram();
  const socket = join(directory, "c.sock");
  let daemon: ChildProcess;

  /** Runs ctr; its exit code and output. */
  async function ctr(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const { code, stdout, stderr } = await runProgram({
      path: "/usr/bin/ctr",
      args: ["-a", socket, "-n", "rt-test", ...args],
      cwd: directory,
      env: { PATH: process.env.PATH },
      signal: AbortSignal.timeout(20_000),
    });
    return { code, stdout: Buffer.from(stdout).toString(), stderr: Buffer.from(stderr).toString() };
  }

  const run = (id: string, options: readonly string[], ...command: string[]): ReturnType<typeof ctr> =>
    ctr(
      "run",
      "--runtime",
      "io.containerd.rt.v2",
      "--rootfs",
      ...options,
      join(directory, "bundle/rootfs"),
      id,
      ...command,
    );

  beforeAll(async () => {
    makeBundle({ id: "image", directory: join(directory, "bundle"), args: [] });
    mkdirSync(join(directory, "state"));
    const plugins = [
      "io.containerd.grpc.v1.cri",
      ...["btrfs", "devmapper", "zfs", "aufs"].map((s) => `io.containerd.snapshotter.v1.${s}`),
    ];
    writeFileSync(
      join(directory, "config.toml"),
      [
        "version = 2",
        `root = "${join(directory, "root")}"`,
        `state = "${join(directory, "state")}"`,
        `disabled_plugins = ${JSON.stringify(plugins)}`,
        "[grpc]",
        `address = "${socket}"`,
      ].join("\n"),
    );
    daemon = spawn("/usr/bin/containerd", ["-c", join(directory, "config.toml")], {
      env: {
        PATH: `${ours.directory}:${process.env.PATH}`,
        RT_SHIM_LINGER_MS: "300",
        RT_SHIM_SOCKET_DIR: join(directory, "s"),
      },
      stdio: "ignore",
    });
    for (let i = 0; i < 200 && (await ctr("version")).code !== 0; i++) await sleep(50);
  });

  afterAll(async () => {
    for (const id of (await ctr("containers", "ls", "-q")).stdout.split("\n").filter((l) => l !== "")) {
      await ctr("tasks", "rm", "-f", id);
      await ctr("containers", "rm", id);
    }
    await sleep(1000);
    const ended = new Promise((resolve) => daemon.once("exit", resolve));
    daemon.kill("SIGTERM");
    await ended;
    ours.remove();
    rmSync(directory, { recursive: true, force: true });
    // ctr puts containers below a cgroup named after its namespace; runtimes remove only the containers' own.
    for (const hierarchy of readdirSync("/sys/fs/cgroup")) {
      const parent = join("/sys/fs/cgroup", hierarchy, "rt-test");
      if (existsSync(parent)) rmdirSync(parent);
    }
  });

  describe("containerd on containerd-shim-rt-v2", () => {
    test("ctr run shows the container's output and exits as it does", async () => {
      const { code, stdout, stderr } = await run(
        "rt-one",
        ["--rm"],
        "/bin/sh",
        "-c",
        "echo out; echo err >&2; exit 5",
      );
      assert.deepEqual([code, stdout, stderr], [5, "out\n", "err\n"]);
      assert.equal((await ctr("containers", "ls", "-q")).stdout, "");
    });

    test("containers of one namespace share a task service, each with a monitor of its own", async () => {
      for (const id of ["rt-a", "rt-b"]) assert.equal((await run(id, ["-d"], "/bin/sleep", "1000")).code, 0);
      const { stdout } = await ctr("tasks", "ls");
      assert.match(stdout, /rt-a +\d+ +RUNNING/);
      assert.match(stdout, /rt-b +\d+ +RUNNING/);
      const exec = await ctr(
        "tasks",
        "exec",
        "--exec-id",
        "x1",
        "rt-a",
        "/bin/sh",
        "-c",
        "echo in exec; exit 3",
      );
      assert.deepEqual([exec.code, exec.stdout], [3, "in exec\n"]);
      const tasks = join(directory, "state/io.containerd.runtime.v2.task/rt-test");
      const monitors = ["rt-a", "rt-b"].map((id) => monitorPid(join(tasks, id, "monitor")));
      assert.ok(monitors.every((pid) => pid !== undefined) && monitors[0] !== monitors[1]);
      const addresses = ["rt-a", "rt-b"].map((id) => readFileSync(join(tasks, id, "address"), "utf8"));
      assert.equal(addresses[0], addresses[1]);
      for (const id of ["rt-a", "rt-b"]) {
        assert.equal((await ctr("tasks", "kill", "-s", "SIGKILL", id)).code, 0);
        await sleep(100);
        assert.match((await ctr("tasks", "rm", id)).stderr, /exit with non-zero exit code 137/);
        assert.equal((await ctr("containers", "rm", id)).code, 0);
      }
    });

    test("a command that does not exist is told as the peers tell it", async () => {
      const { code, stderr } = await run("rt-bad", ["--rm"], "/bin/nothing");
      assert.equal(code, 1);
      assert.match(stderr, /no such file or directory/);
      assert.equal((await ctr("tasks", "ls", "-q")).stdout, "");
    });

    test("containerd ends the container of a task service that was killed, and it can be removed", async () => {
      assert.equal((await run("rt-k", ["-d"], "/bin/sleep", "1000")).code, 0);
      const { stdout } = await ctr("tasks", "ls");
      const pid = Number(/rt-k +(\d+)/.exec(stdout)?.[1]);
      const services = await runProgram({
        path: "/usr/bin/pgrep",
        args: ["-f", `^containerd-shim-rt-v2|main.ts -namespace rt-test .*${directory}`],
        cwd: "/",
        env: {},
      });
      const found = Buffer.from(services.stdout)
        .toString()
        .trim()
        .split("\n")
        .map(Number)
        .filter((p) => p > 0);
      const own = await ownService(found);
      process.kill(own, "SIGKILL");
      for (let i = 0; i < 300 && existsSync(`/proc/${pid}`); i++) await sleep(10);
      assert.ok(!existsSync(`/proc/${pid}`));
      for (let i = 0; i < 100 && (await ctr("tasks", "ls", "-q")).stdout !== ""; i++) await sleep(50);
      assert.equal((await ctr("tasks", "ls", "-q")).stdout, "");
      assert.equal((await ctr("containers", "rm", "rt-k")).code, 0);
    });
  });

  /** The one of `pids` that listens below this test's directory. */
  async function ownService(pids: readonly number[]): Promise<number> {
    for (const pid of pids) {
      try {
        if (readFileSync(`/proc/${pid}/environ`, "utf8").includes(directory)) return pid;
      } catch {
        // It has ended meanwhile.
      }
    }
    return assert.fail(`no task service among ${pids}`);
  }
}

if (missing !== undefined) test.skip(`containerd: ${missing}`, () => {});
else suite();
