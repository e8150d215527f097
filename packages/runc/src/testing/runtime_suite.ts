/**
 * Contract suite of {@linkcode OciRuntime}: what every runtime must do, ours and the peers' alike.
 *
 * @module
 */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ContainerStatus, LaunchedProcess, OciRuntime } from "../api/oci_runtime.ts";
import { type ErrorCode, hasCode } from "../errors.ts";
import type { Spec } from "../oci.ts";
import { busyboxRootfs, testSpec, writeSpec } from "./bundle.ts";

/** The functions of a test runner that the suite uses. */
export interface TestRunner {
  describe(name: string, body: () => void): void;
  it(name: string, body: () => Promise<void>): void;
  beforeAll(body: () => Promise<void> | void): void;
  afterAll(body: () => Promise<void> | void): void;
}

/** A runtime to test, and how to end it. */
export interface RuntimeUnderTest {
  readonly runtime: OciRuntime;
  dispose(): Promise<void>;
}

const WAIT_MS = 15_000;
const POLL_MS = 10;

/** Everything one test needs. */
class Fixture {
  readonly directory: string = mkdtempSync(join(tmpdir(), "rt-suite-"));
  runtime!: OciRuntime;
  #count = 0;

  id(): string {
    return `rt-suite-${process.pid}-${++this.#count}`;
  }

  /** A bundle that runs `args`. */
  bundle(args: readonly string[], configure?: (spec: Spec) => void): string {
    const directory = join(this.directory, `bundle-${++this.#count}`);
    writeSpec(
      directory,
      testSpec(args, (spec) => {
        spec.root = { path: join(this.directory, "rootfs"), readonly: false };
        configure?.(spec);
      }),
    );
    return directory;
  }

  /** An empty file for output. */
  file(): string {
    const path = join(this.directory, `out-${++this.#count}`);
    writeFileSync(path, "");
    return path;
  }

  async untilStatus(id: string, wanted: ContainerStatus): Promise<void> {
    let status: ContainerStatus | undefined;
    for (let waited = 0; waited < WAIT_MS; waited += POLL_MS) {
      ({ status } = await this.runtime.state({ id }));
      if (status === wanted) return;
      await sleep(POLL_MS);
    }
    assert.equal(status, wanted);
  }

  /** Runs `body` with a container of the configuration, started, and deletes it. */
  async withRunning(
    body: (id: string, created: LaunchedProcess) => Promise<void>,
    args: readonly string[] = ["sleep", "100"],
    configure?: (spec: Spec) => void,
  ): Promise<void> {
    const id = this.id();
    const created = await this.runtime.create({ id, bundle: this.bundle(args, configure) });
    try {
      await this.runtime.start({ id });
      await body(id, created);
    } finally {
      await this.runtime.delete({ id, force: true });
    }
  }
}

async function rejects(promise: Promise<unknown>, code: ErrorCode): Promise<Error> {
  const err = await promise.then(
    () => undefined,
    (e: unknown) => e,
  );
  assert.ok(err instanceof Error, `expected a failure of class ${code}`);
  assert.ok(hasCode(err, code), `expected ${code}, got: ${err.message}`);
  return err;
}

/**
 * Defines the suite. Needs root, cgroups and busybox.
 *
 * @param name What is tested.
 * @param make Makes the runtime, once.
 */
export function runtimeSuite(runner: TestRunner, name: string, make: () => Promise<RuntimeUnderTest>): void {
  runner.describe(`OciRuntime: ${name}`, () => {
    const fixture = new Fixture();
    let dispose: (() => Promise<void>) | undefined;
    runner.beforeAll(async () => {
      mkdirSync(join(fixture.directory, "rootfs"));
      busyboxRootfs(join(fixture.directory, "rootfs"));
      const made = await make();
      fixture.runtime = made.runtime;
      dispose = () => made.dispose();
    });
    runner.afterAll(async () => {
      await dispose?.();
      rmSync(fixture.directory, { recursive: true, force: true });
    });
    lifecycle(runner, fixture);
    refusals(runner, fixture);
    execs(runner, fixture);
    control(runner, fixture);
  });
}

function lifecycle({ it }: TestRunner, f: Fixture): void {
  it("create() leaves the process waiting, start() lets it go, delete() leaves nothing", async () => {
    const id = f.id();
    const out = f.file();
    const bundle = f.bundle(["sh", "-c", "echo started; hostname; exit 7"]);
    const { pid } = await f.runtime.create({ id, bundle, io: { stdout: { kind: "file", path: out } } });
    const created = await f.runtime.state({ id });
    assert.equal(created.status, "created");
    assert.equal(created.pid, pid);
    assert.equal(created.bundle, bundle);
    assert.equal(readFileSync(out, "utf8"), "");
    await f.runtime.start({ id });
    await f.untilStatus(id, "stopped");
    assert.equal(readFileSync(out, "utf8"), "started\nrunc\n");
    assert.equal((await f.runtime.state({ id })).pid, 0);
    await f.runtime.delete({ id });
    await rejects(f.runtime.state({ id }), "NOT_FOUND");
    assert.deepEqual(await f.runtime.list(), []);
  });

  it("create() writes the pid file", async () => {
    const id = f.id();
    const pidFile = join(f.directory, "pid-file");
    const { pid } = await f.runtime.create({ id, bundle: f.bundle(["true"]), pidFile });
    assert.equal(readFileSync(pidFile, "utf8"), String(pid));
    await f.runtime.delete({ id, force: true });
  });

  it("list() has every container, sorted by id", async () => {
    await f.withRunning(async (first) => {
      await f.withRunning(async (second) => {
        const all = await f.runtime.list();
        assert.deepEqual(
          all.map((c) => [c.id, c.status]),
          [first, second].sort().map((id) => [id, "running"]),
        );
      });
    });
  });

  it("a terminal is relayed and is the container's console", async () => {
    const id = f.id();
    const out = f.file();
    const bundle = f.bundle(["sh", "-c", "tty; test -c /dev/console && echo console"], (spec) => {
      spec.process!.terminal = true;
    });
    await f.runtime.create({ id, bundle, io: { console: { kind: "relay", stdout: out } } });
    await f.runtime.start({ id });
    await f.untilStatus(id, "stopped");
    for (
      let waited = 0;
      waited < WAIT_MS && !readFileSync(out, "utf8").includes("console");
      waited += POLL_MS
    ) {
      await sleep(POLL_MS);
    }
    assert.equal(readFileSync(out, "utf8"), "/dev/pts/0\r\nconsole\r\n");
    await f.runtime.delete({ id });
  });
}

function refusals({ it }: TestRunner, f: Fixture): void {
  it("an id in use is ALREADY_EXISTS and changes nothing", async () => {
    await f.withRunning(async (id, { pid }) => {
      await rejects(f.runtime.create({ id, bundle: f.bundle(["true"]) }), "ALREADY_EXISTS");
      const state = await f.runtime.state({ id });
      assert.equal(state.pid, pid);
      assert.equal(state.status, "running");
    });
  });

  it("an unknown id is NOT_FOUND everywhere, but not to delete by force", async () => {
    const id = f.id();
    await rejects(f.runtime.state({ id }), "NOT_FOUND");
    await rejects(f.runtime.start({ id }), "NOT_FOUND");
    await rejects(f.runtime.kill({ id }), "NOT_FOUND");
    await rejects(f.runtime.delete({ id }), "NOT_FOUND");
    await rejects(f.runtime.exec({ id, process: testSpec(["true"]).process! }), "NOT_FOUND");
    await f.runtime.delete({ id, force: true });
  });

  it("a program that is not there is named, and nothing is left", async () => {
    const id = f.id();
    const missing = f.runtime.create({ id, bundle: f.bundle(["rt-no-such-program"]) });
    assert.match((await rejects(missing, "NOT_FOUND")).message, /executable file.* not found in \$PATH/);
    await rejects(f.runtime.state({ id }), "NOT_FOUND");
    assert.deepEqual(await f.runtime.list(), []);
  });

  it("a bundle without config.json is refused, and nothing is left", async () => {
    const id = f.id();
    const err = await f.runtime.create({ id, bundle: f.directory }).then(
      () => undefined,
      (e: unknown) => e,
    );
    assert.match(String(err), /config\.json/);
    assert.deepEqual(await f.runtime.list(), []);
  });
}

function execs({ it }: TestRunner, f: Fixture): void {
  it("exec() runs in the container and reports its status", async () => {
    await f.withRunning(async (id) => {
      const out = f.file();
      const process = testSpec(["sh", "-c", "id -u; echo $WORD; readlink /proc/self/cwd; exit 3"]).process!;
      process.env = [...(process.env ?? []), "WORD=hello"];
      process.cwd = "/tmp";
      process.user = { uid: 1000, gid: 1000 };
      const io = { stdout: { kind: "file", path: out } } as const;
      const { exited } = await f.runtime.exec({ id, process, io });
      assert.equal((await exited)?.code, 3);
      assert.equal(readFileSync(out, "utf8"), "1000\nhello\n/tmp\n");
    });
  });

  it("exec() of a program that is not there is NOT_FOUND, and the container lives on", async () => {
    await f.withRunning(async (id) => {
      const err = await rejects(
        f.runtime.exec({ id, process: testSpec(["rt-no-such-program"]).process! }),
        "NOT_FOUND",
      );
      assert.match(err.message, /executable file.* not found in \$PATH/);
      assert.equal((await f.runtime.state({ id })).status, "running");
    });
  });

  it("ps() has init and what was executed", async () => {
    await f.withRunning(async (id, { pid }) => {
      const second = await f.runtime.exec({ id, process: testSpec(["sleep", "100"]).process! });
      assert.deepEqual(
        await f.runtime.ps({ id }),
        [pid, second.pid].sort((a, b) => a - b),
      );
    });
  });
}

function control({ it }: TestRunner, f: Fixture): void {
  it("pause() stops everything, resume() lets it run", async () => {
    await f.withRunning(async (id) => {
      await f.runtime.pause({ id });
      assert.equal((await f.runtime.state({ id })).status, "paused");
      await rejects(f.runtime.exec({ id, process: testSpec(["true"]).process! }), "FAILED_PRECONDITION");
      await f.runtime.resume({ id });
      assert.equal((await f.runtime.state({ id })).status, "running");
      await rejects(f.runtime.resume({ id }), "FAILED_PRECONDITION");
    });
  });

  it("kill() signals init; a stopped container refuses", async () => {
    const args = ["sh", "-c", "trap 'exit 0' USR1; while :; do sleep 0.05; done"];
    await f.withRunning(async (id) => {
      await sleep(200);
      await f.runtime.kill({ id, signal: "USR1" });
      await f.untilStatus(id, "stopped");
      await rejects(f.runtime.kill({ id, signal: "KILL" }), "FAILED_PRECONDITION");
      await rejects(f.runtime.start({ id }), "FAILED_PRECONDITION");
    }, args);
  });

  it("kill() of a signal that does not exist is refused", async () => {
    await f.withRunning(async (id) => {
      await rejects(f.runtime.kill({ id, signal: "NOSUCH" }), "INVALID_ARGUMENT");
    });
  });

  it("delete() refuses a container that runs, unless by force", async () => {
    await f.withRunning(async (id) => {
      await rejects(f.runtime.delete({ id }), "FAILED_PRECONDITION");
      assert.equal((await f.runtime.state({ id })).status, "running");
    });
  });

  it("update() changes a limit", async () => {
    const body = async (id: string): Promise<void> => {
      await f.runtime.update({ id, resources: { pids: { limit: 77 } } });
      const out = f.file();
      const script = "cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null; true";
      const io = { stdout: { kind: "file", path: out } } as const;
      const { exited } = await f.runtime.exec({ id, process: testSpec(["sh", "-c", script]).process!, io });
      assert.equal((await exited)?.code, 0);
      assert.equal(readFileSync(out, "utf8"), "77\n");
    };
    // In a cgroup namespace of its own a container sees its own cgroup on either version.
    await f.withRunning(body, ["sleep", "100"], (spec) => {
      spec.linux!.namespaces!.push({ type: "cgroup" });
    });
  });
}
