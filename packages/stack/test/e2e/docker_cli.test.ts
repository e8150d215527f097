/** The real docker CLI against the whole stack: every everyday command, exit codes, streams, terminals, bad input. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { waitFor } from "../../src/wait.ts";
import { ENGINE, PEER, runAsync, type TestStack, testStack, whyNot } from "./harness.ts";

const skip = whyNot("docker", "busybox");

describe.skipIf(skip !== undefined)(
  `docker CLI on ${ENGINE}${skip === undefined ? "" : ` (skipped: ${skip})`}`,
  () => {
    let stack: TestStack;
    const ok = (...args: string[]): string => {
      const r = stack.docker(args);
      expect(r, `docker ${args.join(" ")}`).toMatchObject({ code: 0 });
      return r.stdout.trim();
    };
    const fails = (...args: string[]): { code: number; stderr: string } => {
      const r = stack.docker(args);
      expect(r.code, `docker ${args.join(" ")} should fail`).not.toBe(0);
      return r;
    };
    beforeAll(async () => {
      stack = await testStack();
    });
    afterAll(async () => stack?.[Symbol.asyncDispose]());
    afterEach(() => {
      const ids = stack.docker(["ps", "-aq"]).stdout.split("\n").filter(Boolean);
      if (ids.length > 0) stack.docker(["rm", "-f", "-v", ...ids]);
    });

    test("version and info name the server", () => {
      expect(ok("version", "--format", "{{.Server.Version}}")).toMatch(/^\d+\.\d+/);
      expect(ok("info", "--format", "{{.OSType}} {{.Images}}")).toMatch(/^linux [1-9]\d*$/);
    });

    describe("exit codes of docker run --rm", () => {
      test.each([
        [0, ["busybox", "true"]],
        [7, ["busybox", "sh", "-c", "exit 7"]],
        [127, ["busybox", "no-such-program"]],
        [126, ["busybox", "/etc"]],
        [125, ["--no-such-flag", "busybox", "true"]],
        [125, ["localhost:1/no/such:image", "true"]],
      ])("%i", (code, args) => {
        expect(stack.docker(["run", "--rm", ...args])).toMatchObject({ code });
      });
    });

    test("run passes environment, directory, user, host name and entry point", () => {
      expect(ok("run", "--rm", "-e", "A=b c", "busybox", "sh", "-c", 'echo "$A"')).toBe("b c");
      expect(ok("run", "--rm", "-w", "/tmp", "busybox", "pwd")).toBe("/tmp");
      expect(ok("run", "--rm", "-u", "1000:1000", "busybox", "id", "-u")).toBe("1000");
      expect(ok("run", "--rm", "-u", "user", "busybox", "id", "-un")).toBe("user");
      expect(ok("run", "--rm", "--hostname", "here", "busybox", "hostname")).toBe("here");
      expect(ok("run", "--rm", "--entrypoint", "echo", "busybox", "hi")).toBe("hi");
    });

    test("limits reach the container's cgroup and its view", () => {
      ok("run", "-d", "--name", "limited", "-m", "64m", "--cpus", "0.5", "busybox", "sleep", "60");
      const pid = ok("inspect", "-f", "{{.State.Pid}}", "limited");
      const path = /memory:(.*)/.exec(readFileSync(`/proc/${pid}/cgroup`, "utf8"))?.[1] ?? "";
      expect(readFileSync(`/sys/fs/cgroup/memory${path}/memory.limit_in_bytes`, "utf8").trim()).toBe(
        `${64 << 20}`,
      );
      expect(readFileSync(`/sys/fs/cgroup/cpu${path}/cpu.cfs_quota_us`, "utf8").trim()).toBe("50000");
    });

    test("the default sandbox is Docker's: capabilities, seccomp, masked and read-only paths", () => {
      const status = ok(
        "run",
        "--rm",
        "busybox",
        "grep",
        "-E",
        "^(CapBnd|CapEff|Seccomp|NoNewPrivs):",
        "/proc/self/status",
      );
      expect(status).toContain("CapEff:\t00000000a80425fb");
      expect(status).toContain("CapBnd:\t00000000a80425fb");
      expect(status).toContain("Seccomp:\t2");
      expect(ok("run", "--rm", "busybox", "sh", "-c", "cat /proc/kcore | head -c 1 | wc -c")).toBe("0");
      expect(fails("run", "--rm", "busybox", "sh", "-c", "echo 1 > /proc/sys/kernel/panic").stderr).toMatch(
        /[Rr]ead-only/,
      );
      expect(fails("run", "--rm", "busybox", "unshare", "-m", "true").code).toBe(1);
      expect(ok("run", "--rm", "busybox", "ls", "/proc/self/fd").split("\n").length).toBe(4);
    });

    test("bind and named volumes", () => {
      const dir = mkdtempSync("/tmp/rt-vol-");
      writeFileSync(join(dir, "f"), "from host");
      try {
        expect(ok("run", "--rm", "-v", `${dir}:/data`, "busybox", "cat", "/data/f")).toBe("from host");
        expect(fails("run", "--rm", "-v", `${dir}:/data:ro`, "busybox", "touch", "/data/g").stderr).toContain(
          "Read-only",
        );
        ok("run", "--rm", "-v", "vol1:/data", "busybox", "sh", "-c", "echo kept > /data/x");
        expect(ok("run", "--rm", "-v", "vol1:/data", "busybox", "cat", "/data/x")).toBe("kept");
        expect(ok("volume", "ls", "-q")).toContain("vol1");
        ok("volume", "rm", "vol1");
      } finally {
        rmSync(dir, { recursive: true });
      }
    });

    test("-i passes standard input whole: 100 MB through cat", () => {
      const input = Buffer.alloc(100 << 20);
      for (let i = 0; i < input.length; i += 4096) input.writeUInt32LE(i, i);
      const out = join(stack.paths.root, "cat.out");
      const inFile = join(stack.paths.root, "cat.in");
      writeFileSync(inFile, input);
      execFileSync("sh", ["-c", `docker run --rm -i busybox cat < ${inFile} > ${out}`], {
        env: stack.env,
        timeout: 120_000,
      });
      const sha = (b: Buffer): string => createHash("sha256").update(b).digest("hex");
      expect(sha(readFileSync(out))).toBe(sha(input));
      rmSync(out);
      rmSync(inFile);
    });

    test("-t gives a terminal of the caller's size, and it resizes", () => {
      const script = (command: string): string =>
        execFileSync("script", ["-qec", command, "/dev/null"], {
          env: stack.env,
          encoding: "utf8",
          timeout: 30_000,
        });
      expect(
        script("stty rows 33 cols 77; docker run --rm -it busybox sh -c 'sleep 0.5; stty size'"),
      ).toContain("33 77");
      const resized = script(
        "stty rows 20 cols 80; t=$(tty); (sleep 2; stty -F $t rows 41 cols 101) & docker run --rm -it busybox sh -c 'sleep 4; stty size; tty'",
      );
      expect(resized).toContain("41 101");
      expect(resized).toContain("/dev/pts/0");
    });

    test("ps, inspect, logs, top by name and short id", async () => {
      const id = ok(
        "run",
        "-d",
        "--name",
        "web",
        "busybox",
        "sh",
        "-c",
        "echo one; echo two; sleep 0.2; echo three >&2; sleep 60",
      );
      expect(ok("ps", "--format", "{{.Names}} {{.Image}}")).toBe("web busybox");
      expect(ok("inspect", "-f", "{{.Name}} {{.State.Status}}", id.slice(0, 12))).toBe("/web running");
      expect(ok("top", "web")).toContain("sleep 60");
      await waitFor("the last line", () => stack.docker(["logs", "web"]).stderr !== "", 5_000);
      const all = stack.docker(["logs", "web"]);
      expect([all.stdout, all.stderr]).toEqual(["one\ntwo\n", "three\n"]);
      expect(stack.docker(["logs", "--tail", "1", "web"]).stderr).toBe("three\n");
    });

    test("logs -f follows until the container ends", async () => {
      ok(
        "run",
        "-d",
        "--name",
        "follow",
        "busybox",
        "sh",
        "-c",
        "for i in 1 2 3; do echo $i; sleep 0.2; done",
      );
      expect((await stack.dockerAsync(["logs", "-f", "follow"])).stdout).toBe("1\n2\n3\n");
    });

    test("exec runs beside the container: output, input, code, detached, terminal", () => {
      ok("run", "-d", "--name", "side", "busybox", "sleep", "60");
      expect(ok("exec", "side", "echo", "hi")).toBe("hi");
      expect(stack.docker(["exec", "-i", "side", "cat"], "in put").stdout).toBe("in put");
      expect(fails("exec", "side", "sh", "-c", "exit 9").code).toBe(9);
      // 20.10 says 126, 23 and newer 127.
      expect([126, 127]).toContain(fails("exec", "side", "no-such-program").code);
      ok("exec", "-d", "side", "touch", "/tmp/made");
      expect(ok("exec", "side", "ls", "/tmp")).toBe("made");
      expect(
        ok("exec", "-e", "Q=1", "-w", "/tmp", "-u", "1000", "side", "sh", "-c", "echo $Q $(pwd) $(id -u)"),
      ).toBe("1 /tmp 1000");
    });

    test("attach sees the output and passes the exit code", async () => {
      ok("run", "-d", "--name", "att", "busybox", "sh", "-c", "sleep 1; echo late; sleep 0.2; exit 5");
      expect(await stack.dockerAsync(["attach", "--no-stdin", "att"])).toMatchObject({
        code: 5,
        stdout: "late\n",
      });
    });

    test("stop, start, restart, kill, pause, unpause, wait, rm", () => {
      ok(
        "run",
        "-d",
        "--name",
        "life",
        "busybox",
        "sh",
        "-c",
        "trap 'exit 3' TERM; while :; do sleep 0.1; done",
      );
      ok("pause", "life");
      expect(ok("inspect", "-f", "{{.State.Status}}", "life")).toBe("paused");
      ok("unpause", "life");
      ok("stop", "life");
      expect(ok("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "life")).toBe("exited 3");
      ok("start", "life");
      ok("restart", "-t", "0", "life");
      expect(ok("inspect", "-f", "{{.State.Running}}", "life")).toBe("true");
      ok("kill", "life");
      expect(ok("wait", "life")).toBe("137");
      expect(fails("kill", "life").stderr).toMatch(/is not running/);
      ok("rm", "life");
      expect(fails("inspect", "life").stderr).toMatch(/No such object: life/);
    });

    test("events tell a container's life in order", () => {
      const since = `${Math.floor(Date.now() / 1000) - 1}`;
      ok("run", "--rm", "--name", "ev", "busybox", "true");
      const until = `${Math.ceil(Date.now() / 1000) + 1}`;
      const list = ok(
        "events",
        "--since",
        since,
        "--until",
        until,
        "--filter",
        "container=ev",
        "--format",
        "{{.Action}}",
      );
      expect(list.split("\n")).toEqual(["create", "attach", "start", "die", "destroy"]);
    });

    test("networks: none, host, bridge with NAT address, published port", async () => {
      expect(ok("run", "--rm", "--network", "none", "busybox", "ip", "-o", "link").split("\n")).toHaveLength(
        1,
      );
      expect(ok("run", "--rm", "--network", "host", "busybox", "ls", "/sys/class/net")).toContain(
        PEER === undefined ? stack.paths.bridge : "docker0",
      );
      expect(ok("run", "--rm", "busybox", "ip", "-4", "-o", "addr", "show", "eth0")).toMatch(
        /inet 172\.\d+\.0\.\d+\/16/,
      );
      ok(
        "run",
        "-d",
        "--name",
        "srv",
        "-p",
        "127.0.0.1:18080:80",
        "busybox",
        "sh",
        "-c",
        "mkdir /w; echo served > /w/index.html; httpd -f -p 80 -h /w",
      );
      const get = (): Promise<string> =>
        new Promise((resolve) => {
          const req = request({ host: "127.0.0.1", port: 18080, path: "/" }, async (res) => {
            let body = "";
            for await (const c of res.setEncoding("utf8")) body += c;
            resolve(body);
          });
          req.on("error", () => resolve(""));
          req.end();
        });
      if (PEER !== undefined) return; // It is in a network namespace of its own.
      await waitFor("the published port", async () => (await get()) === "served\n", 5_000);
      expect(ok("port", "srv")).toBe("80/tcp -> 127.0.0.1:18080");
      const address = ok("inspect", "-f", "{{.NetworkSettings.IPAddress}}", "srv");
      expect(ok("run", "--rm", "busybox", "wget", "-qO-", `http://${address}/`)).toBe("served");
    });

    test("images: tag, ls, inspect, history, rmi", () => {
      ok("tag", "busybox", "other:v1");
      expect(
        ok("images", "-f", "dangling=false", "--format", "{{.Repository}}:{{.Tag}}").split("\n").sort(),
      ).toEqual(["busybox:latest", "other:v1"]);
      expect(ok("inspect", "-f", "{{.Os}}", "other:v1")).toBe("linux");
      ok("rmi", "other:v1");
      expect(ok("images", "-q", "busybox").split("\n")).toHaveLength(1);
    });

    describe("bad input gets the peer's text and changes nothing", () => {
      test.each([
        [["inspect", "nope"], /No such object: nope/],
        [["start", "nope"], /No such container: nope/],
        [["logs", "nope"], /No such container: nope/],
        [["rmi", "nope"], /No such image: nope/],
        [["tag", "busybox", "UPPER"], /must be lowercase/],
        [["run", "--name", "bad name", "busybox", "true"], /Invalid container name/],
        [["run", "-m", "1k", "busybox", "true"], /Minimum memory limit allowed is 6MB/],
      ])("docker %j", (args, pattern) => {
        expect(fails(...args).stderr).toMatch(pattern);
        expect(ok("ps", "-aq")).toBe("");
      });

      test("an unknown network: the container stays as created, as with the peer", () => {
        expect(fails("run", "--name", "lost", "--network", "nope", "busybox", "true").stderr).toMatch(
          /network nope not found/,
        );
        expect(ok("inspect", "-f", "{{.State.Status}}", "lost")).toBe("created");
      });

      test("a name in use", () => {
        ok("create", "--name", "taken", "busybox");
        expect(fails("create", "--name", "taken", "busybox").stderr).toMatch(
          /Conflict\. The container name "\/taken" is already in use by container "[0-9a-f]{64}"/,
        );
        expect(ok("ps", "-aq").split("\n")).toHaveLength(1);
      });

      test("malformed JSON is 400", async () => {
        const r = await runAsync(
          "curl",
          [
            "-s",
            "-w",
            "%{http_code}",
            "--unix-socket",
            stack.paths.dockerSocket,
            "-H",
            "Content-Type: application/json",
            "-d",
            "{bad",
            "http://d/v1.43/containers/create",
          ],
          stack.env,
        );
        expect(r.stdout).toMatch(/message.*400$/s);
      });
    });

    test("nothing is left behind", async () => {
      ok("run", "--rm", "busybox", "true");
      if (PEER === undefined) expect(await stack.leaked()).toEqual([]);
    });
  },
);
