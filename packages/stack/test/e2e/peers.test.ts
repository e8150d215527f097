/** The real peers on either side of our boundaries: ctr, containerd, containerd-shim-runc-v2, runc. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mountsBelow } from "../../src/down.ts";
import { isAlive } from "../../src/processes.ts";
import { answers, waitFor } from "../../src/wait.ts";
import { ENGINE, type Ran, type TestStack, testStack, whyNot } from "./harness.ts";

const skip = whyNot("docker", "busybox", "ctr", "containerd", "containerd-shim-runc-v2", "runc");
const REPO = join(import.meta.dirname, "../../../..");
const IMAGE = "docker.io/library/busybox:latest";

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Ran {
  const r = spawnSync(program, args, { env, encoding: "utf8", timeout: 60_000 });
  return { code: r.status ?? -1, stdout: r.stdout, stderr: r.stderr };
}

describe.skipIf(skip !== undefined)(
  `real peers on ${ENGINE}${skip === undefined ? "" : ` (skipped: ${skip})`}`,
  () => {
    let stack: TestStack;
    let archive: string;
    beforeAll(async () => {
      stack = await testStack();
      archive = join(stack.paths.root, "data", "busybox.tar");
      expect(stack.docker(["save", "-o", archive, "busybox"])).toMatchObject({ code: 0 });
    });
    afterAll(async () => {
      await stack?.[Symbol.asyncDispose]();
      // ctr's parent cgroup, named after its namespace: runtimes remove only the containers' own.
      for (const hierarchy of readdirSync("/sys/fs/cgroup")) {
        const parent = join("/sys/fs/cgroup", hierarchy, "default");
        const others =
          existsSync(parent) && readdirSync(parent, { withFileTypes: true }).some((e) => e.isDirectory());
        if (existsSync(parent) && !others) rmdirSync(parent);
      }
    });

    describe("real ctr on rt-containerd", () => {
      const ctr = (...args: string[]): Ran =>
        run("ctr", ["-a", stack.paths.containerdSocket, ...args], stack.env);
      const ok = (...args: string[]): string => {
        const r = ctr(...args);
        expect(r, `ctr ${args.join(" ")}: ${r.stderr}`).toMatchObject({ code: 0 });
        return r.stdout;
      };

      test("version, namespaces, images import and ls", () => {
        expect(ok("version")).toMatch(/Server:/);
        expect(ok("namespaces", "ls", "-q").split("\n")).toContain("moby");
        expect(ok("images", "import", archive)).toContain("busybox");
        expect(ok("images", "ls", "-q").trim()).toBe(IMAGE);
      });

      test("run on our shim and runtime: output and exit code", () => {
        const r = ctr("run", "--rm", IMAGE, "one", "sh", "-c", "echo out; echo err >&2; exit 3");
        expect(r).toMatchObject({ code: 3, stdout: "out\n" });
        expect(r.stderr).toContain("err");
      });

      test("run -d, tasks ls, exec, kill, delete; containers ls and info", () => {
        ok("run", "-d", IMAGE, "two", "sleep", "600");
        expect(ok("tasks", "ls")).toMatch(/two\s+\d+\s+RUNNING/);
        expect(ok("tasks", "exec", "--exec-id", "e1", "two", "echo", "in").trim()).toBe("in");
        expect(ok("containers", "ls", "-q").trim()).toBe("two");
        expect(ok("containers", "info", "two")).toContain('"sleep"');
        ok("tasks", "kill", "-s", "SIGKILL", "two");
        ok("tasks", "delete", "two");
        ok("containers", "delete", "two");
        expect(ok("containers", "ls", "-q").trim()).toBe("");
      });

      test("run on the real containerd-shim-runc-v2 and the real runc", () => {
        const r = ctr(
          "run",
          "--rm",
          "--runtime",
          "io.containerd.runc.v2",
          IMAGE,
          "three",
          "sh",
          "-c",
          "echo real; exit 4",
        );
        expect(r, r.stderr).toMatchObject({ code: 4, stdout: "real\n" });
      });

      test("bad input: the peer's errors", () => {
        expect(ctr("run", "--rm", "no/such:image", "x", "true").stderr).toMatch(/not found/);
        expect(ctr("containers", "info", "nope").stderr).toMatch(/container "nope".*not found/);
        expect(ctr("tasks", "kill", "nope").stderr).toMatch(/not found/);
        expect(ctr("run", "--rm", IMAGE, "y", "no-such-program").stderr).toMatch(
          /executable file not found in \$PATH/,
        );
        expect(ok("containers", "ls", "-q").trim()).toBe("");
      });
    });

    describe("our shim and runtime under the real containerd", () => {
      let dir: string;
      let daemon: ReturnType<typeof spawn>;
      let env: NodeJS.ProcessEnv;
      const ctr = (...args: string[]): Ran => run("ctr", ["-a", join(dir, "c.sock"), ...args], env);
      beforeAll(async () => {
        dir = mkdtempSync("/tmp/rt-ctd-");
        mkdirSync(join(dir, "state"));
        env = { ...stack.env, PATH: `${REPO}/packages/shim/bin:${stack.env.PATH}` };
        const config = join(dir, "config.toml");
        writeFileSync(config, 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n');
        const args = [
          "-c",
          config,
          "-a",
          join(dir, "c.sock"),
          "--root",
          join(dir, "root"),
          "--state",
          join(dir, "state"),
        ];
        daemon = spawn("containerd", args, { env, stdio: "ignore" });
        await waitFor("the real containerd answers", () => answers(join(dir, "c.sock")), 10_000);
        expect(ctr("images", "import", archive)).toMatchObject({ code: 0 });
      });
      afterAll(async () => {
        daemon.kill("SIGTERM");
        await waitFor(
          "the real containerd ends",
          () => daemon.pid === undefined || !isAlive(daemon.pid),
          10_000,
        );
        for (const m of mountsBelow(dir)) spawnSync("umount", ["-l", m]);
        rmSync(dir, { recursive: true, force: true });
        expect(existsSync(dir)).toBe(false);
      });

      test("containerd-shim-rt-v2 runs a container", () => {
        const r = ctr(
          "run",
          "--rm",
          "--runtime",
          "io.containerd.rt.v2",
          IMAGE,
          "five",
          "sh",
          "-c",
          "echo ours; exit 6",
        );
        expect(r, r.stderr).toMatchObject({ code: 6, stdout: "ours\n" });
      });

      test("rt-runc under the real containerd-shim-runc-v2", () => {
        const binary = join(REPO, "packages/runc/bin/rt-runc");
        const r = ctr(
          "run",
          "--rm",
          "--runc-binary",
          binary,
          IMAGE,
          `six-${process.pid}`,
          "sh",
          "-c",
          "echo rt-runc; exit 7",
        );
        expect(r, r.stderr).toMatchObject({ code: 7, stdout: "rt-runc\n" });
      });
    });
  },
);
