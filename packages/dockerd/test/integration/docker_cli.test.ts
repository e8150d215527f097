/** The real docker CLI on the engine: texts, codes, orders; holds on the real dockerd by `RT_TEST_DOCKER_SOCKET`. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createEngineClient } from "../../src/client/index.ts";
import { PEER, type TestEngine, testEngine, whyNot } from "./harness.ts";

const skip = whyNot();
const NONE = ["--network", "none"];

describe.skipIf(skip !== undefined)(`docker CLI${skip === undefined ? "" : ` (skipped: ${skip})`}`, () => {
  let engine: TestEngine;
  const ok = (...args: string[]): string => {
    const ran = engine.docker(args);
    expect(ran, `docker ${args.join(" ")}`).toMatchObject({ code: 0 });
    return ran.stdout.trim();
  };
  const fails = (code: number, ...args: string[]): string => {
    const ran = engine.docker(args);
    expect(ran.code, `docker ${args.join(" ")}: ${ran.stderr}`).toBe(code);
    return ran.stderr;
  };
  beforeAll(async () => {
    engine = await testEngine();
  });
  afterAll(async () => engine?.[Symbol.asyncDispose]());
  afterEach(() => {
    const ids = engine.docker(["ps", "-aq"]).stdout.split("\n").filter(Boolean);
    if (ids.length > 0) engine.docker(["rm", "-f", "-v", ...ids]);
  });

  test("run passes output, error output and code", () => {
    const ran = engine.docker([
      "run",
      "--rm",
      ...NONE,
      "busybox",
      "sh",
      "-c",
      "echo out; echo err >&2; exit 7",
    ]);
    expect(ran).toEqual({ code: 7, stdout: "out\n", stderr: "err\n" });
  });

  test("a container that cannot start says why, and keeps the exit code", () => {
    expect(fails(127, "run", "--name", "bad", ...NONE, "busybox", "nope")).toMatch(
      /exec: "nope": executable file not found in \$PATH/,
    );
    expect(ok("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "bad")).toBe("created 127");
    expect(fails(126, "run", "--rm", ...NONE, "busybox", "/etc/passwd")).toMatch(/permission denied/);
    expect(ok("ps", "-aq", "-f", "name=bad")).not.toBe("");
  });

  test("a removal of what runs is refused, force ends it", () => {
    ok("run", "-d", "--name", "runs", ...NONE, "busybox", "sleep", "60");
    expect(fails(1, "rm", "runs")).toMatch(/stop the container before/i);
    ok("rm", "-f", "runs");
    expect(fails(1, "rm", "runs")).toMatch(/No such container: runs/);
  });

  test("states that do not fit are refused with the peer's words", () => {
    ok("create", "--name", "idle", ...NONE, "busybox", "true");
    expect(fails(1, "exec", "idle", "true")).toMatch(/is not running/i);
    expect(fails(1, "pause", "idle")).toMatch(/is not running/i);
    expect(fails(1, "unpause", "idle")).toMatch(/is not paused/i);
    expect(fails(1, "kill", "idle")).toMatch(/is not running/i);
    expect(fails(1, "rename", "idle", "a/b")).toMatch(
      /allocating new name: Invalid container name \(\/a\/b\)/,
    );
    ok("rename", "idle", "busy");
    expect(fails(1, "start", "idle")).toMatch(/No such container: idle/);
    expect(fails(1, "kill", "-s", "NOPE", "busy")).toMatch(/[Ii]nvalid signal: NOPE/);
  });

  test("a container of a missing image is not made", () => {
    expect(fails(1, "create", "--pull", "never", "nope:1")).toMatch(/No such image: nope:1/);
    expect(fails(1, "rmi", "nope")).toMatch(/No such image: nope:latest/);
    expect(fails(1, "tag", "nope", "x")).toMatch(/No such image: nope:latest/);
  });

  test("an image in use is kept", () => {
    ok("tag", "busybox", "other:1");
    ok("create", "--name", "user", ...NONE, "busybox");
    ok("rmi", "other:1");
    expect(fails(1, "rmi", "busybox")).toMatch(
      /unable to remove repository reference "busybox" \(must force\)/,
    );
    expect(ok("images", "-q", "busybox")).not.toBe("");
  });

  test("events of a run, networks among them, in the peer's order", () => {
    const since = `${Math.floor(Date.now() / 1000) - 1}`;
    ok("run", "--rm", "--name", "ev1", ...NONE, "busybox", "true");
    const until = `${Math.ceil(Date.now() / 1000) + 1}`;
    const list = ok(
      "events",
      "--since",
      since,
      "--until",
      until,
      "--format",
      "{{.Type}} {{.Action}} {{.Actor.Attributes.name}}",
    );
    const lines = list.split("\n").filter((line) => / (ev1|none)$/.test(line));
    const own = lines.slice(lines.indexOf("container create ev1"));
    expect(own).toEqual([
      "container create ev1",
      "container attach ev1",
      "network connect none",
      "container start ev1",
      "container die ev1",
      "network disconnect none",
      "container destroy ev1",
    ]);
  });

  test("a new volume gets what the image has there, with owners; nocopy and filled ones do not", () => {
    ok("volume", "create", "kept");
    expect(
      ok(
        "run",
        "--rm",
        ...NONE,
        "-v",
        "kept:/seed",
        "busybox",
        "sh",
        "-c",
        "cat /seed/file; rm /seed/file; touch /seed/own",
      ),
    ).toBe("seeded");
    expect(ok("run", "--rm", ...NONE, "-v", "kept:/seed", "busybox", "ls", "/seed")).toBe("own");
    expect(ok("run", "--rm", ...NONE, "-v", "bare:/seed:nocopy", "busybox", "ls", "/seed")).toBe("");
    expect(
      ok("run", "--rm", ...NONE, "-v", "copied:/seed", "busybox", "stat", "-c", "%u:%g", "/seed/file"),
    ).toBe("1000:1000");
    expect(fails(1, "volume", "inspect", "nope")).toMatch(/no such volume/i);
    ok("volume", "rm", "kept", "bare", "copied");
  });

  test("anonymous volumes go with --rm and with rm -v only", () => {
    const before = ok("volume", "ls", "-q");
    ok("run", "--rm", ...NONE, "-v", "/data", "busybox", "touch", "/data/x");
    expect(ok("volume", "ls", "-q")).toBe(before);
    ok("create", "--name", "anon", ...NONE, "-v", "/data", "busybox");
    ok("rm", "anon");
    const left = ok("volume", "ls", "-q")
      .split("\n")
      .filter((name) => !before.split("\n").includes(name));
    expect(left).toHaveLength(1);
    ok("volume", "rm", ...left);
  });

  test("a volume in use is not removed", () => {
    ok("create", "--name", "holder", ...NONE, "-v", "held:/v", "busybox");
    expect(fails(1, "volume", "rm", "held")).toMatch(/volume is in use/);
    ok("rm", "holder");
    ok("volume", "rm", "held");
  });

  test("binds, read-only and tmpfs", () => {
    const dir = join(engine.dir, "bound");
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, "f"), "host");
    expect(ok("run", "--rm", ...NONE, "-v", `${dir}:/b:ro`, "busybox", "cat", "/b/f")).toBe("host");
    expect(fails(1, "run", "--rm", ...NONE, "-v", `${dir}:/b:ro`, "busybox", "touch", "/b/g")).toMatch(
      /[Rr]ead-only/,
    );
    expect(
      ok(
        "run",
        "--rm",
        ...NONE,
        "--read-only",
        "--tmpfs",
        "/t:size=1m",
        "busybox",
        "sh",
        "-c",
        "touch /t/x && touch /x || echo ro",
      ),
    ).toContain("ro");
    ok("run", "--rm", ...NONE, "-v", `${dir}/made:/m`, "busybox", "touch", "/m/x");
    expect(existsSync(join(dir, "made/x"))).toBe(true);
    expect(
      fails(125, "run", "--rm", "--mount", `type=bind,src=${dir}/nope,dst=/m`, "busybox", "true"),
    ).toMatch(/bind source path does not exist/);
    expect(fails(125, "run", "--rm", "-v", "/a:b", "busybox", "true")).toMatch(/invalid/i);
    expect(statSync(dir).isDirectory()).toBe(true);
  });

  test("exec: its own environment, user, directory, code; what it cannot run", () => {
    ok("run", "-d", "--name", "box", ...NONE, "-e", "A=1", "busybox", "sleep", "60");
    expect(
      ok(
        "exec",
        "-e",
        "B=2",
        "-w",
        "/tmp",
        "-u",
        "user",
        "box",
        "sh",
        "-c",
        "echo $A$B$FROM $(pwd) $(id -u)",
      ),
    ).toBe("12image /tmp 1000");
    fails(5, "exec", "box", "sh", "-c", "exit 5");
    expect(engine.docker(["exec", "-i", "box", "cat"], "typed").stdout).toBe("typed");
    const missing = engine.docker(["exec", "box", "nope"]);
    expect([126, 127]).toContain(missing.code);
    expect(missing.stdout + missing.stderr).toMatch(/executable file not found in \$PATH/);
    expect(engine.docker(["exec", "-u", "nobody-here", "box", "true"]).code).toBe(126);
  });

  test("input reaches the container and ends; StdinOnce ends it for good", () => {
    expect(engine.docker(["run", "--rm", "-i", ...NONE, "busybox", "cat"], "a\nb\n").stdout).toBe("a\nb\n");
    expect(
      engine.docker(["run", "--rm", "-i", ...NONE, "busybox", "sh", "-c", "cat > /dev/null; echo ended"], "x")
        .stdout,
    ).toBe("ended\n");
  });

  test("restart policies: on-failure counts, stop ends unless-stopped", async () => {
    ok("run", "-d", "--name", "again", ...NONE, "--restart", "on-failure:2", "busybox", "sh", "-c", "exit 3");
    ok("run", "-d", "--name", "always", ...NONE, "--restart", "always", "busybox", "sh", "-c", "sleep 0.2");
    const count = (name: string): string => ok("inspect", "-f", "{{.RestartCount}} {{.State.Status}}", name);
    await expect.poll(() => count("again"), { timeout: 10_000, interval: 200 }).toBe("2 exited");
    await expect
      .poll(() => Number(count("always").split(" ")[0]), { timeout: 10_000, interval: 200 })
      .toBeGreaterThan(0);
    ok("stop", "-t", "0", "always");
    const stopped = count("always");
    await sleep(800);
    expect(count("always")).toBe(stopped);
  });

  test("logs: streams apart, tail, times, since", () => {
    ok("run", "--name", "talk", ...NONE, "busybox", "sh", "-c", "echo a; echo b >&2; echo c; printf d");
    const all = engine.docker(["logs", "talk"]);
    expect([all.stdout, all.stderr]).toEqual(["a\nc\nd", "b\n"]);
    expect(engine.docker(["logs", "--tail", "1", "talk"]).stdout).toBe("d");
    expect(engine.docker(["logs", "-t", "--tail", "1", "talk"]).stdout).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z d$/,
    );
    expect(engine.docker(["logs", "--since", "1s", "--until", "2000-01-01T00:00:00Z", "talk"]).stdout).toBe(
      "",
    );
  });

  test("ps filters and formats", () => {
    ok("run", "-d", "--name", "one", ...NONE, "-l", "k=v", "busybox", "sleep", "60");
    ok("create", "--name", "two", ...NONE, "busybox", "sleep", "60");
    const names = (...filters: string[]): string[] =>
      ok("ps", "-a", "--format", "{{.Names}}", ...filters.flatMap((f) => ["-f", f]))
        .split("\n")
        .filter(Boolean);
    expect(names()).toEqual(["two", "one"]);
    expect(names("label=k=v")).toEqual(["one"]);
    expect(names("status=created")).toEqual(["two"]);
    expect(names("name=tw")).toEqual(["two"]);
    expect(names("ancestor=busybox")).toEqual(["two", "one"]);
    expect(names("network=none", "status=running")).toEqual(["one"]);
    expect(fails(1, "ps", "-f", "nope=1")).toMatch(/invalid filter/i);
    expect(ok("ps", "-n", "1", "--format", "{{.Names}}")).toBe("two");
  });

  test("update changes limits of what runs", () => {
    ok("run", "-d", "--name", "tuned", ...NONE, "busybox", "sleep", "60");
    ok("update", "--cpus", "0.25", "tuned");
    const pid = ok("inspect", "-f", "{{.State.Pid}}", "tuned");
    const path = /[:,]cpu[,:].*?(\/.*)/.exec(readFileSync(`/proc/${pid}/cgroup`, "utf8"))?.[1] ?? "";
    const quota = `/sys/fs/cgroup/cpu${path}/cpu.cfs_quota_us`;
    if (existsSync(quota)) expect(readFileSync(quota, "utf8").trim()).toBe("25000");
    expect(ok("inspect", "-f", "{{.HostConfig.NanoCpus}}", "tuned")).toBe("250000000");
  });

  test("the image's history and save and load", () => {
    const tar = join(engine.dir, "saved.tar");
    ok("save", "-o", tar, "busybox");
    ok("tag", "busybox", "spare:1");
    expect(ok("load", "-i", tar)).toMatch(/Loaded image: busybox:latest/);
    expect(ok("history", "-q", "spare:1").split("\n")).toHaveLength(1);
    ok("rmi", "spare:1");
  });

  test("the client of this package speaks to it too", async () => {
    await using client = createEngineClient({ address: engine.socket });
    const { Id } = await client.containers.create({
      Image: "busybox",
      Cmd: ["cat"],
      OpenStdin: true,
      StdinOnce: true,
      AttachStdin: true,
      AttachStdout: true,
      HostConfig: { NetworkMode: "none" },
    });
    await using attached = await client.containers.attach(Id, { stream: true, stdin: true, stdout: true });
    const { result } = await client.containers.wait(Id, { condition: "next-exit" });
    expect(await client.containers.start(Id)).toBe(true);
    expect(await client.containers.start(Id)).toBe(false);
    await attached.write(Buffer.from("through"));
    await attached.closeInput();
    let text = "";
    for await (const { data } of attached.output) text += Buffer.from(data).toString();
    expect(text).toBe("through");
    expect((await result).StatusCode).toBe(0);
    expect((await client.containers.inspect(Id)).State.Status).toBe("exited");
    await client.containers.remove(Id);
    await expect(client.containers.inspect(Id)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  describe.skipIf(PEER !== undefined)("after kill -9 of the engine", () => {
    test("containers live, no line is lost, ends that were missed are known", async () => {
      ok(
        "run",
        "-d",
        "--name",
        "lines",
        ...NONE,
        "busybox",
        "sh",
        "-c",
        "i=0; while :; do echo $i; i=$((i+1)); usleep 1000; done",
      );
      ok("run", "-d", "--name", "short", ...NONE, "busybox", "sh", "-c", "sleep 1; exit 9");
      ok("run", "-d", "-i", "--name", "open", ...NONE, "busybox", "cat");
      await sleep(500);
      await engine.crash();
      expect(ok("ps", "--format", "{{.Names}}").split("\n")).toContain("lines");
      await expect
        .poll(() => ok("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "short"))
        .toBe("exited 9");
      expect(ok("exec", "lines", "echo", "alive")).toBe("alive");
      await sleep(300);
      ok("kill", "lines");
      const lines = ok("logs", "lines").split("\n");
      expect(lines.length).toBeGreaterThan(200);
      expect(lines).toEqual(lines.map((_, i) => String(i)));
      expect(ok("inspect", "-f", "{{.State.ExitCode}}", "lines")).toBe("137");
      ok("rm", "-f", "lines", "short", "open");
    });
  });
});
