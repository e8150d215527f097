/**
 * The contract of a task service as tests, to be run on any implementation, the peers' included.
 *
 * Needs root and a static busybox. Register it from a test file: the caller passes its `describe` and `test`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fromBinary } from "@bufbuild/protobuf";
import { codeOf, type ErrorCode } from "@rt/runc/oci";
import * as v1 from "../api/gen/containerd/cgroups/v1/metrics_pb.ts";
import * as v2 from "../api/gen/containerd/cgroups/v2/metrics_pb.ts";
import type { TaskEvent } from "../api/task_event.ts";
import type { TaskService } from "../api/task_service.ts";
import { PROCESS_TYPE_URL, type TypedValue, typedJson } from "../api/typed_value.ts";
import { makeBundle, removeTestCgroups, TestIo } from "./bundle.ts";

/** A test runner's words. */
export interface TestRunner {
  describe(name: string, body: () => void): void;
  test(name: string, body: () => Promise<void>): void;
}

/** A service that serves one container, and what it has told. */
export interface ServiceUnderTest extends AsyncDisposable {
  readonly service: TaskService;
  /** Events so far, in order. */
  readonly events: readonly TaskEvent[];
}

/** How the suite gets services. */
export interface TaskServiceMaker {
  /** Starts (or finds) the service for the container `id` in `bundle`; `directory` is for its own files. */
  make(request: {
    readonly id: string;
    readonly bundle: string;
    readonly directory: string;
  }): Promise<ServiceUnderTest>;
  /** Runtime options of every create request. */
  readonly options?: TypedValue;
}

/** A created container and its surroundings. */
interface Fixture extends AsyncDisposable {
  readonly id: string;
  readonly directory: string;
  readonly service: TaskService;
  readonly events: readonly TaskEvent[];
  readonly io: TestIo;
  readonly stdout: Promise<string>;
  readonly stderr: Promise<string>;
}

const sh = (script: string): string[] => ["/bin/sh", "-c", script];

async function rejectsWith(promise: Promise<unknown>, ...codes: ErrorCode[]): Promise<void> {
  const error = await promise.then(
    () => assert.fail("it resolved"),
    (err: unknown) => err,
  );
  assert.ok(
    codes.includes(codeOf(error)),
    `${codeOf(error)}, expected ${codes}: ${(error as Error).message}`,
  );
}

/** The figures that v1 and v2 metrics share. */
function useOf({
  typeUrl,
  value,
}: TypedValue): Record<"pids" | "cpuNs" | "memoryBytes" | "memoryLimitBytes", bigint> {
  if (typeUrl.endsWith("io.containerd.cgroups.v2.Metrics")) {
    const { pids, cpu, memory } = fromBinary(v2.MetricsSchema, value);
    const [memoryBytes, memoryLimitBytes] = [memory?.usage ?? 0n, memory?.usageLimit ?? 0n];
    return {
      pids: pids?.current ?? 0n,
      cpuNs: (cpu?.usageUsec ?? 0n) * 1000n,
      memoryBytes,
      memoryLimitBytes,
    };
  }
  assert.ok(typeUrl.endsWith("io.containerd.cgroups.v1.Metrics"), typeUrl);
  const { pids, cpu, memory } = fromBinary(v1.MetricsSchema, value);
  const [memoryBytes, memoryLimitBytes] = [memory?.usage?.usage ?? 0n, memory?.usage?.limit ?? 0n];
  return { pids: pids?.current ?? 0n, cpuNs: cpu?.usage?.total ?? 0n, memoryBytes, memoryLimitBytes };
}

/** Waits until `events` has one that `match`es. */
async function eventually(
  events: readonly TaskEvent[],
  match: (event: TaskEvent) => boolean,
): Promise<TaskEvent> {
  for (let i = 0; i < 500; i++) {
    const found = events.find(match);
    if (found !== undefined) return found;
    await sleep(10);
  }
  return assert.fail(`no such event among ${JSON.stringify(events.map((e) => e.topic))}`);
}

/** Registers the suite under `name`. */
export function taskServiceSuite(runner: TestRunner, name: string, maker: TaskServiceMaker): void {
  let count = 0;

  async function create(
    args: readonly string[],
    about: { readonly terminal?: boolean; readonly memoryBytes?: number } = {},
  ): Promise<Fixture> {
    const { terminal = false } = about;
    const directory = mkdtempSync(join(tmpdir(), "rt-shim-"));
    const id = `rt-suite-${process.pid}-${count++}`;
    const bundle = join(directory, "tasks", id);
    mkdirSync(join(directory, "tasks"), { mode: 0o711 });
    makeBundle({ ...about, id, directory: bundle, args });
    const made = await maker.make({ id, bundle, directory });
    const io = await TestIo.make(join(directory, "init"), terminal);
    const { service, events } = made;
    const dispose = async (): Promise<void> => {
      await service.kill({ id, signal: 9, all: true }).catch(() => {});
      await service.wait({ id }, { timeoutMs: 5000 }).catch(() => {});
      await service.delete({ id }).catch(() => {});
      await service.shutdown({ id, now: true }).catch(() => {});
      await io[Symbol.asyncDispose]();
      await made[Symbol.asyncDispose]();
      removeTestCgroups();
      rmSync(directory, { recursive: true, force: true });
    };
    try {
      const options = maker.options === undefined ? {} : { options: maker.options };
      await service.create({ ...io.stdio, ...options, id, bundle, rootfs: [] });
      const { stdout, stderr } = await io.attach();
      return { id, directory, service, events, io, stdout, stderr, [Symbol.asyncDispose]: dispose };
    } catch (err) {
      await dispose();
      throw err;
    }
  }

  /** Adds and starts an exec. */
  async function exec(
    f: Fixture,
    execId: string,
    script: string,
  ): Promise<{ io: TestIo; stdout: Promise<string> }> {
    const io = await TestIo.make(join(f.directory, execId));
    const spec = { args: sh(script), cwd: "/", env: ["PATH=/bin"], user: { uid: 0, gid: 0 } };
    await f.service.exec({ ...io.stdio, id: f.id, execId, spec: typedJson(PROCESS_TYPE_URL, spec) });
    const started = f.service.start({ id: f.id, execId });
    await started;
    const { stdout } = await io.attach();
    return { io, stdout };
  }

  runner.describe(name, () => {
    runner.test(
      "a container is created, started, ends and is deleted, and its events tell so in order",
      async () => {
        await using f = await create(sh("echo out; echo err >&2; exit 7"));
        const { service, id } = f;
        const created = await service.state({ id });
        assert.equal(created.status, "created");
        assert.ok(created.pid > 0);
        assert.deepEqual([created.stdout, created.terminal], [f.io.stdio.stdout, false]);
        assert.deepEqual(await service.start({ id }), { pid: created.pid });
        const { exitStatus, exitedAt } = await service.wait({ id });
        assert.equal(exitStatus, 7);
        assert.ok(Math.abs((exitedAt?.getTime() ?? 0) - Date.now()) < 10_000);
        assert.equal(await f.stdout, "out\n");
        assert.equal(await f.stderr, "err\n");
        const stopped = await service.state({ id });
        assert.deepEqual([stopped.status, stopped.exitStatus], ["stopped", 7]);
        const deleted = await service.delete({ id });
        assert.deepEqual([deleted.pid, deleted.exitStatus], [created.pid, 7]);
        await eventually(f.events, (e) => e.topic === "/tasks/delete");
        assert.deepEqual(
          f.events.map((e) => e.topic),
          ["/tasks/create", "/tasks/start", "/tasks/exit", "/tasks/delete"],
        );
        const exit = f.events[2];
        assert.ok(
          exit?.topic === "/tasks/exit" &&
            exit.id === id &&
            exit.exitStatus === 7 &&
            exit.pid === created.pid,
        );
        await rejectsWith(service.state({ id }), "NOT_FOUND");
      },
    );

    runner.test(
      "a program that ends at once is told to have started before it is told to have ended",
      async () => {
        for (let i = 0; i < 5; i++) {
          await using f = await create(["/bin/true"]);
          await f.service.start({ id: f.id });
          assert.equal((await f.service.wait({ id: f.id })).exitStatus, 0);
          await eventually(f.events, (e) => e.topic === "/tasks/exit");
          assert.deepEqual(
            f.events.map((e) => e.topic),
            ["/tasks/create", "/tasks/start", "/tasks/exit"],
          );
        }
      },
    );

    runner.test("standard input ends when the client has closed it and CloseIO was called", async () => {
      await using f = await create(["/bin/cat"]);
      await f.service.start({ id: f.id });
      await f.io.write("one\n");
      await f.io.write("two\n");
      await f.io.closeInput();
      await f.service.closeIo({ id: f.id, stdin: true });
      assert.equal((await f.service.wait({ id: f.id }, { timeoutMs: 5000 })).exitStatus, 0);
      assert.equal(await f.stdout, "one\ntwo\n");
    });

    runner.test(
      "standard input goes on when a client closes it without CloseIO and another comes",
      async () => {
        await using f = await create(["/bin/head", "-n", "2"]);
        await f.service.start({ id: f.id });
        await f.io.write("one\n");
        await f.io.closeInput();
        await sleep(50);
        await f.io.write("two\n");
        assert.equal((await f.service.wait({ id: f.id }, { timeoutMs: 5000 })).exitStatus, 0);
        assert.equal(await f.stdout, "one\ntwo\n");
      },
    );

    runner.test("what is written at the end is read whole by a slow client", async () => {
      await using f = await create(sh("dd if=/dev/zero bs=1000 count=1000 2>/dev/null | tr '\\0' x; exit 3"));
      await f.service.start({ id: f.id });
      assert.equal((await f.service.wait({ id: f.id }, { timeoutMs: 20_000 })).exitStatus, 3);
      assert.equal((await f.stdout).length, 1_000_000);
    });

    runner.test("an executed process has its own stdio, status, events and end", async () => {
      await using f = await create(["/bin/sleep", "1000"]);
      const { service, id } = f;
      await service.start({ id });
      const { stdout } = await exec(f, "e1", "echo from exec; exit 5");
      assert.equal((await service.wait({ id, execId: "e1" })).exitStatus, 5);
      assert.equal(await stdout, "from exec\n");
      const state = await service.state({ id, execId: "e1" });
      assert.deepEqual([state.status, state.id, state.exitStatus], ["stopped", "e1", 5]);
      const spec = typedJson(PROCESS_TYPE_URL, { args: ["/bin/true"], cwd: "/" });
      const none = { stdin: "", stdout: "", stderr: "", terminal: false };
      await rejectsWith(service.exec({ ...none, id, execId: "e1", spec }), "ALREADY_EXISTS");
      const { pid, exitStatus } = await service.delete({ id, execId: "e1" });
      assert.deepEqual([pid, exitStatus], [state.pid, 5]);
      await rejectsWith(service.state({ id, execId: "e1" }), "NOT_FOUND");
      assert.equal((await service.state({ id })).status, "running");
      const told = f.events.map((e) => e.topic).slice(2);
      assert.deepEqual(told, ["/tasks/exec-added", "/tasks/exec-started", "/tasks/exit"]);
    });

    runner.test("init's end is told after those of the processes executed beside it", async () => {
      await using f = await create(["/bin/sleep", "1000"]);
      const { service, id } = f;
      await service.start({ id });
      for (const execId of ["e1", "e2", "e3"]) await exec(f, execId, "sleep 1000");
      await service.kill({ id, signal: 9 });
      assert.equal((await service.wait({ id })).exitStatus, 137);
      await eventually(f.events, (e) => e.topic === "/tasks/exit" && e.id === id);
      const ends = f.events.filter((e) => e.topic === "/tasks/exit").map((e) => e.id);
      assert.deepEqual([ends.length, ends.at(-1)], [4, id]);
    });

    runner.test("signals reach init, a single exec, and are refused for what has ended", async () => {
      await using f = await create(sh("trap 'exit 42' USR1; while :; do sleep 0.05; done"));
      const { service, id } = f;
      await service.start({ id });
      await exec(f, "e1", "sleep 1000");
      await service.kill({ id, execId: "e1", signal: 15 });
      assert.equal((await service.wait({ id, execId: "e1" })).exitStatus, 143);
      await rejectsWith(service.kill({ id, execId: "e1", signal: 15 }), "NOT_FOUND");
      await sleep(100);
      await service.kill({ id, signal: 10 });
      assert.equal((await service.wait({ id }, { timeoutMs: 5000 })).exitStatus, 42);
      await rejectsWith(service.kill({ id, signal: 9 }), "NOT_FOUND");
      await rejectsWith(service.kill({ id, execId: "e9", signal: 9 }), "NOT_FOUND");
    });

    runner.test("what is running cannot be deleted; a container that never ran can", async () => {
      await using f = await create(["/bin/sleep", "1000"]);
      await f.service.start({ id: f.id });
      await assert.rejects(f.service.delete({ id: f.id }), /cannot delete a running process/);
      await using g = await create(["/bin/sleep", "1000"]);
      await g.service.delete({ id: g.id });
      await rejectsWith(g.service.state({ id: g.id }), "NOT_FOUND");
    });

    runner.test("a paused container says so, and goes on when it is resumed", async () => {
      await using f = await create(["/bin/sleep", "1000"]);
      const { service, id } = f;
      await service.start({ id });
      await service.pause({ id });
      assert.equal((await service.state({ id })).status, "paused");
      await service.resume({ id });
      assert.equal((await service.state({ id })).status, "running");
      await eventually(f.events, (e) => e.topic === "/tasks/resumed");
    });

    runner.test("the container's processes are listed, executed ones by name", async () => {
      await using f = await create(["/bin/sleep", "1000"]);
      const { service, id } = f;
      const { pid } = await service.start({ id });
      await exec(f, "e1", "exec sleep 1000");
      const exec1 = await service.state({ id, execId: "e1" });
      const processes = await service.pids({ id });
      assert.deepEqual(processes.map((p) => p.pid).sort(), [pid, exec1.pid].sort());
      const named = processes.find((p) => p.pid === exec1.pid);
      assert.match(named?.info?.typeUrl ?? "", /containerd\.runc\.v1\.ProcessDetails$/);
      assert.equal((await service.connect({ id })).taskPid, pid);
    });

    runner.test("a terminal shows what is written, echoes, and is resized", async () => {
      await using f = await create(sh("read line; echo got $line; stty size; exit 4"), { terminal: true });
      const { service, id } = f;
      await service.start({ id });
      await service.resizePty({ id, width: 91, height: 37 });
      await sleep(100);
      await f.io.write("hello\n");
      assert.equal((await service.wait({ id }, { timeoutMs: 5000 })).exitStatus, 4);
      const text = await f.stdout;
      assert.match(text, /hello\r\ngot hello\r\n37 91\r\n/);
    });

    runner.test(
      "a container that wants more memory than it may have is killed, and told as out of memory",
      async () => {
        await using f = await create(["/bin/tail", "/dev/zero"], { memoryBytes: 8 << 20 });
        await f.service.start({ id: f.id });
        assert.equal((await f.service.wait({ id: f.id }, { timeoutMs: 10_000 })).exitStatus, 137);
        await eventually(f.events, (e) => e.topic === "/tasks/oom" && e.containerId === f.id);
      },
    );

    runner.test("resource use is told as containerd's metrics", async () => {
      await using f = await create(sh("while :; do :; done"), { memoryBytes: 32 << 20 });
      await f.service.start({ id: f.id });
      await sleep(200);
      const use = useOf(await f.service.stats({ id: f.id }));
      assert.equal(use.pids, 1n);
      assert.equal(use.memoryLimitBytes, 32n << 20n);
      assert.ok(use.memoryBytes > 0n && use.memoryBytes < 32n << 20n, `${use.memoryBytes} bytes`);
      assert.ok(use.cpuNs > 20_000_000n && use.cpuNs < 10_000_000_000n, `${use.cpuNs} ns`);
    });

    runner.test("what is unknown is NOT_FOUND", async () => {
      await using f = await create(["/bin/true"]);
      const { service } = f;
      const id = "rt-nobody";
      await rejectsWith(service.state({ id }), "NOT_FOUND");
      await rejectsWith(service.start({ id }), "NOT_FOUND");
      await rejectsWith(service.kill({ id, signal: 9 }), "NOT_FOUND");
      await rejectsWith(service.wait({ id }), "NOT_FOUND");
      await rejectsWith(service.delete({ id }), "NOT_FOUND");
      await rejectsWith(service.state({ id: f.id, execId: "e9" }), "NOT_FOUND");
    });

    runner.test("a container whose command does not exist is refused and leaves nothing", async () => {
      let failed: unknown;
      try {
        await using f = await create(["/bin/nothing-there"]);
        await f.service.start({ id: f.id });
      } catch (err) {
        failed = err;
      }
      assert.ok(failed instanceof Error);
      assert.match(failed.message, /no such file or directory|executable file not found/);
    });
  });
}
