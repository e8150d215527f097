/** What is killed, and what must survive it: the task service, a container's monitor, a container's process. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, test } from "vitest";
import type { TaskEvent } from "../../src/api/index.ts";
import { deleteShim, ShimClient, startShim } from "../../src/client/index.ts";
import { monitorPid } from "../../src/kernel.ts";
import { makeBundle, removeTestCgroups, TestIo } from "../../src/testing/index.ts";
import { type RunningShim, runShim, sourceProgram, unable } from "../support/program.ts";

interface Fixture extends AsyncDisposable {
  readonly id: string;
  readonly bundle: string;
  readonly directory: string;
  readonly shim: RunningShim;
  readonly io: TestIo;
  readonly stdout: Promise<string>;
  readonly pid: number;
  readonly shimPid: number;
  readonly monitor: number;
}

let count = 0;

const isAlive = (pid: number): boolean =>
  existsSync(`/proc/${pid}/stat`) && !/ Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));

async function until(what: string, condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (condition()) return;
    await sleep(10);
  }
  assert.fail(`not in 5 s: ${what}`);
}

const exitsOf = (events: readonly TaskEvent[]): TaskEvent[] =>
  events.filter((e) => e.topic === "/tasks/exit");

function suite(): void {
  const ours = sourceProgram();
  afterAll(() => ours.remove());
  const path = `${ours.directory}:${process.env.PATH}`;

  async function running(script: string): Promise<Fixture> {
    const directory = mkdtempSync(join(tmpdir(), "rt-crash-"));
    const id = `rt-crash-${process.pid}-${count++}`;
    const bundle = join(directory, "tasks", id);
    mkdirSync(join(directory, "tasks"), { mode: 0o711 });
    makeBundle({ id, directory: bundle, args: ["/bin/sh", "-c", script] });
    const shim = await runShim("io.containerd.rt.v2", { id, bundle, directory }, path);
    const io = await TestIo.make(join(directory, "init"));
    await shim.service.create({ ...io.stdio, id, bundle, rootfs: [] });
    const { stdout } = await io.attach();
    const { pid } = await shim.service.start({ id });
    const { shimPid } = await shim.service.connect({ id });
    const monitor = monitorPid(join(bundle, "monitor"));
    assert.ok(monitor !== undefined);
    return {
      ...{ id, bundle, directory, shim, io, stdout, pid, shimPid, monitor },
      async [Symbol.asyncDispose]() {
        const late = await again(shim).catch(() => undefined);
        await late?.kill({ id, signal: 9 }).catch(() => {});
        await late?.wait({ id }, { timeoutMs: 3000 }).catch(() => {});
        await late?.delete({ id }).catch(() => {});
        await late?.shutdown({ id, now: true }).catch(() => {});
        await late?.[Symbol.asyncDispose]();
        await io[Symbol.asyncDispose]();
        await shim[Symbol.asyncDispose]();
        removeTestCgroups();
        rmSync(directory, { recursive: true, force: true });
      },
    };
  }

  /** What containerd does when a connection has ended: starts the shim again. */
  async function again(shim: RunningShim): Promise<ShimClient> {
    return ShimClient.connect(await startShim(shim.call), "rt-suite");
  }

  async function killService(f: Fixture): Promise<void> {
    process.kill(f.shimPid, "SIGKILL");
    await f.shim.service.closed;
    await until("the service is gone", () => !isAlive(f.shimPid));
  }

  describe("crash", () => {
    test("a task service that was killed finds its container again, and its stdio, exec and exit status go on", async () => {
      await using f = await running("echo before; read line; echo got $line; exit 23");
      await killService(f);
      assert.ok(isAlive(f.pid) && isAlive(f.monitor));
      await using service = await again(f.shim);
      const state = await service.state({ id: f.id });
      assert.deepEqual([state.status, state.pid], ["running", f.pid]);
      assert.notEqual((await service.connect({ id: f.id })).shimPid, f.shimPid);
      await f.io.write("after\n");
      await f.io.closeInput();
      await service.closeIo({ id: f.id, stdin: true });
      assert.equal((await service.wait({ id: f.id }, { timeoutMs: 5000 })).exitStatus, 23);
      assert.equal(await f.stdout, "before\ngot after\n");
      await until("exit is told", () => exitsOf(f.shim.events).length > 0);
      // An event whose acknowledgement was not written down in time is told twice, never not at all.
      const topics = f.shim.events.map((e) => e.topic);
      assert.deepEqual([...new Set(topics)], ["/tasks/create", "/tasks/start", "/tasks/exit"]);
      assert.equal(exitsOf(f.shim.events).length, 1);
      assert.equal((await service.delete({ id: f.id })).exitStatus, 23);
    });

    test("a container that ends while there is no task service has its exit status told by the next", async () => {
      await using f = await running("read line; exit 9");
      await killService(f);
      await f.io.write("go\n");
      await until("the container has ended", () => !isAlive(f.pid));
      await until("its monitor has ended by itself", () => !isAlive(f.monitor));
      await using service = await again(f.shim);
      const { exitStatus, exitedAt } = await service.wait({ id: f.id }, { timeoutMs: 3000 });
      assert.equal(exitStatus, 9);
      assert.ok((exitedAt?.getTime() ?? Number.POSITIVE_INFINITY) <= Date.now());
      await until("exit is told", () => exitsOf(f.shim.events).length > 0);
      const [exit] = exitsOf(f.shim.events);
      assert.ok(
        exit?.topic === "/tasks/exit" && exit.exitStatus === 9 && exit.pid === f.pid && exit.id === f.id,
      );
    });

    test("a monitor that was killed takes its container with it, and the exit is told as 137", async () => {
      await using f = await running("sleep 1000 & sleep 1000");
      process.kill(f.monitor, "SIGKILL");
      assert.equal((await f.shim.service.wait({ id: f.id }, { timeoutMs: 5000 })).exitStatus, 137);
      await until("the container has ended", () => !isAlive(f.pid));
      await until("exit is told", () => exitsOf(f.shim.events).length > 0);
      const cgroup = `/sys/fs/cgroup/memory/rt-shim-suite/${f.id}/cgroup.procs`;
      assert.equal(existsSync(cgroup) ? readFileSync(cgroup, "utf8") : "", "");
      assert.equal((await f.shim.service.delete({ id: f.id })).exitStatus, 137);
    });

    test("task service and monitor killed together: the next service ends what is left and tells 137", async () => {
      await using f = await running("sleep 1000");
      process.kill(f.monitor, "SIGSTOP");
      process.kill(f.shimPid, "SIGKILL");
      process.kill(f.monitor, "SIGKILL");
      await f.shim.service.closed;
      await using service = await again(f.shim);
      assert.equal((await service.wait({ id: f.id }, { timeoutMs: 5000 })).exitStatus, 137);
      await until("the container has ended", () => !isAlive(f.pid));
    });

    test("a container's process that is killed ends its monitor, by itself", async () => {
      await using f = await running("sleep 1000");
      process.kill(f.pid, "SIGKILL");
      assert.equal((await f.shim.service.wait({ id: f.id }, { timeoutMs: 5000 })).exitStatus, 137);
      await until("its monitor has ended by itself", () => !isAlive(f.monitor));
    });

    test("delete by the shim's program removes a container whose service was killed, with its true exit status", async () => {
      await using f = await running("read line; exit 11");
      await killService(f);
      await f.io.write("go\n");
      await until("the container has ended", () => !isAlive(f.pid));
      const { pid, exitStatus } = await deleteShim(f.shim.call);
      assert.deepEqual([pid, exitStatus], [f.pid, 11]);
      assert.deepEqual(
        readdirSync(f.bundle).filter((name) => name === "monitor" || name === "rt-task.json"),
        [],
      );
    });

    test("delete by the shim's program kills a container that runs", async () => {
      await using f = await running("sleep 1000");
      await killService(f);
      assert.equal((await deleteShim(f.shim.call)).exitStatus, 137);
      assert.ok(!isAlive(f.pid) && !isAlive(f.monitor));
    });

    test("starters that come at the same time, after a crash, find one service", async () => {
      await using f = await running("sleep 1000");
      await killService(f);
      const shims = await Promise.all(Array.from({ length: 5 }, () => startShim(f.shim.call)));
      assert.equal(new Set(shims.map((s) => s.address)).size, 1);
      const pids = new Set<number>();
      for (const shim of shims) {
        await using service = await ShimClient.connect(shim, "rt-suite");
        pids.add((await service.connect({ id: f.id })).shimPid);
        assert.equal((await service.state({ id: f.id })).status, "running");
      }
      assert.equal(pids.size, 1);
    });
  });
}

if (unable !== undefined) test.skip(`crashes: ${unable}`, () => {});
else suite();
