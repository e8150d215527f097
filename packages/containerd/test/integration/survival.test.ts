import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { decodeEvent } from "../../src/api/wire/event.ts";
import { ContainerdClient } from "../../src/client/containerd_client.ts";
import { addBusybox, BUSYBOX } from "./images.ts";
import { missing } from "./peers.ts";
import { RtContainerd } from "./rt_containerd.ts";

const skip = missing("ctr", "busybox", "containerd-shim-runc-v2", "runc");
const call = { namespace: "default" };
const init = { containerId: "c" };

/** Processes of a daemon's shims whose command line matches. */
function shims(pattern: RegExp, address: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^[0-9]+$/.test(name))
    .filter((pid) => {
      try {
        const read = (file: string) => readFileSync(`/proc/${pid}/${file}`, "utf8").replaceAll("\0", " ");
        return pattern.test(read("cmdline")) && read("environ").includes(`GRPC_ADDRESS=${address} `);
      } catch {
        return false;
      }
    })
    .map(Number);
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 100; i++) {
    if (await condition()) return;
    await sleep(50);
  }
  throw new Error("it did not become true within 5 s");
}

describe.skipIf(skip !== undefined)(
  `rt-containerd and death${skip === undefined ? "" : ` (skipped: ${skip})`}`,
  () => {
    let daemon: RtContainerd;
    let client: ContainerdClient;
    const run = (runtime: string, script: string) =>
      expect(daemon.ctr("run", "--runtime", runtime, "-d", BUSYBOX, "c", "sh", "-c", script)).toMatchObject({
        status: 0,
      });
    const bundles = (): string[] => {
      const dir = join(daemon.dir, "state/io.containerd.runtime.v2.task/default");
      return existsSync(dir) ? readdirSync(dir) : [];
    };
    /** Everything is gone: bundle, mounts, processes. */
    const expectNothingLeft = async (): Promise<void> => {
      // Files of a bundle go in the background.
      await until(() => bundles().length === 0);
      expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(daemon.dir);
    };
    beforeEach(async () => {
      daemon = await RtContainerd.start();
      client = new ContainerdClient({ address: daemon.address });
      await addBusybox(client, "default");
    });
    afterEach(async () => {
      await client.tasks.kill({ ...init, signal: 9 }, call).catch(() => {});
      await client.tasks.wait(init, call).catch(() => {});
      await client.tasks.delete("c", call).catch(() => {});
      await client[Symbol.asyncDispose]();
      await daemon[Symbol.asyncDispose]();
    });

    for (const runtime of ["io.containerd.runc.v2", "io.containerd.rt.v2"]) {
      test(`kill -9 of the daemon: the container (${runtime}) lives and is found again`, async () => {
        run(runtime, 'trap "exit 7" TERM; while :; do sleep 0.05; done');
        const { pid } = await client.tasks.get(init, call);
        await daemon.end("SIGKILL");
        process.kill(pid, 0);
        await daemon.run();
        const found = await client.tasks.get(init, call);
        expect([found.pid, found.status]).toEqual([pid, "running"]);
        await client.tasks.kill({ ...init, signal: 15 }, call);
        expect((await client.tasks.wait(init, call)).exitStatus).toBe(7);
        expect((await client.tasks.delete("c", call)).exitStatus).toBe(7);
        await expectNothingLeft();
      });

      test(`a container (${runtime}) that ends while the daemon is down has its exit status after`, async () => {
        run(runtime, "sleep 1; exit 5");
        expect(await daemon.end("SIGTERM")).toBe(0);
        await sleep(1500);
        await daemon.run();
        expect((await client.tasks.wait(init, call)).exitStatus).toBe(5);
        expect((await client.tasks.delete("c", call)).exitStatus).toBe(5);
        await expectNothingLeft();
      });
    }

    test("kill -9 of a foreign shim: exit 137 is published, its container and bundle are gone", async () => {
      const stop = new AbortController();
      const exits: number[] = [];
      const seen = (async () => {
        for await (const e of client.events.subscribe(['topic=="/tasks/exit"'], { signal: stop.signal })) {
          const event = decodeEvent(e);
          if (event?.topic === "/tasks/exit") exits.push(event.exitStatus);
        }
      })();
      await sleep(200);
      run("io.containerd.runc.v2", "sleep 1000");
      const { pid } = await client.tasks.get(init, call);
      const waiting = client.tasks.wait(init, call);
      const [shim] = shims(/containerd-shim-runc-v2 .*-id c /, daemon.address);
      process.kill(shim!, "SIGKILL");
      expect((await waiting).exitStatus).toBe(137);
      await until(() => bundles().length === 0 && !existsSync(`/proc/${pid}`));
      stop.abort();
      await seen;
      expect(exits).toEqual([137]);
      expect(await client.tasks.list("", call)).toEqual([]);
      await expectNothingLeft();
    });

    test("kill -9 of our task service: the container lives and is found again, a wait goes on", async () => {
      run("io.containerd.rt.v2", 'trap "exit 9" TERM; while :; do sleep 0.05; done');
      const { pid } = await client.tasks.get(init, call);
      const waiting = client.tasks.wait(init, call);
      const [service] = shims(/containerd-shim-rt-v2/, daemon.address);
      process.kill(service!, "SIGKILL");
      await until(
        async () => (await client.tasks.get(init, call).catch(() => undefined))?.status === "running",
      );
      expect((await client.tasks.get(init, call)).pid).toBe(pid);
      await client.tasks.kill({ ...init, signal: 15 }, call);
      expect((await waiting).exitStatus).toBe(9);
      expect((await client.tasks.delete("c", call)).exitStatus).toBe(9);
      await expectNothingLeft();
    });

    test("kill -9 of the daemon in the middle of a create: nothing is left, the id can be used again", async () => {
      const runs = Array.from({ length: 4 }, (_, i) =>
        spawn("ctr", ["-a", daemon.address, "run", "--rm", BUSYBOX, `half-${i}`, "sleep", "1000"], {
          stdio: "ignore",
        }),
      );
      // Bundles are there, tasks are not yet (or just about): shims are being started.
      await until(() => bundles().length > 0);
      await daemon.end("SIGKILL");
      await Promise.all(
        runs.map((r) => (r.exitCode === null ? new Promise((resolve) => r.once("exit", resolve)) : 0)),
      );
      await daemon.run();
      for (const task of await client.tasks.list("", call)) {
        const ref = { containerId: task.containerId };
        await client.tasks.kill({ ...ref, signal: 9 }, call);
        await client.tasks.wait(ref, call);
        await client.tasks.delete(ref.containerId, call);
      }
      await expectNothingLeft();
      await until(() => shims(/containerd-shim-runc-v2 /, daemon.address).length === 0);
      for await (const { id } of client.containers.list([], call)) daemon.ctr("containers", "rm", id);
      // The real runc, killed in a create, leaves its state directory, which `runc delete --force` does not remove.
      for (let i = 0; i < runs.length; i++)
        rmSync(`/run/containerd/runc/${call.namespace}/half-${i}`, { recursive: true, force: true });
      expect(daemon.ctr("run", "--rm", BUSYBOX, "half-0", "echo", "again")).toMatchObject({
        stderr: "",
        stdout: "again\n",
      });
    });

    test("a second daemon on the same root is refused", async () => {
      const { spawnSync } = await import("node:child_process");
      const { engineCommand } = await import("./rt_containerd.ts");
      const [program = "", ...args] = engineCommand("node") ?? [];
      const main = join(import.meta.dirname, "../../src/cli/main.ts");
      const places = [
        "--root",
        join(daemon.dir, "root"),
        "--state",
        join(daemon.dir, "state2"),
        "-a",
        join(daemon.dir, "d.sock"),
      ];
      const second = spawnSync(program, [...args, main, ...places], { encoding: "utf8", timeout: 20_000 });
      expect(second.status).toBe(1);
      expect(second.stderr).toMatch(/locked/);
      expect(daemon.ctr("version").status).toBe(0);
    });
  },
);
