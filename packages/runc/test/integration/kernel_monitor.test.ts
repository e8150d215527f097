import { spawn } from "node:child_process";
import { constants, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Kernel, MonitorKernel, Program, ReapedProcess } from "../../src/kernel.ts";
import {
  connectMonitor,
  makeFifo,
  monitorPid,
  openFifoReader,
  openFifoWriter,
  ProgramBuilder,
  readMonitorExits,
  run,
  spawnKernel,
  startMonitor,
} from "../../src/kernel.ts";
import { kernelSuite } from "./kernel_suite.ts";
import { missingRoot, titled } from "./requirements.ts";

const rootless = missingRoot();
const PID_TAG = 5;

/** A "container": a child of the monitor itself that dies with it and runs a shell script. */
function containerProgram(script: string): Program {
  const p = new ProgramBuilder();
  const parent = p.label();
  const adoptive = p.slot();
  p.sys("getppid", [], { into: adoptive });
  const pid = p.sys("clone", [0x8000 | 17, 0, 0, 0, 0], { name: "clone container" });
  p.branch("ne", pid, 0, parent);
  p.sys("prctl", [1, 9]);
  // It may have died before that.
  p.when("ne", p.sys("getppid", []), adoptive, () => p.exit(1));
  p.sys("execve", [p.cstring("/bin/sh"), p.vector(["sh", "-c", script]), p.vector(["PATH=/bin:/usr/bin"])]);
  p.place(parent);
  p.value(PID_TAG, pid);
  return p.build();
}

async function startContainer(
  monitor: MonitorKernel,
  script: string,
  stdio: readonly [stdin?: string | undefined, stdout?: string | undefined] = [],
): Promise<number> {
  const entry = (path: string | undefined) => (path === undefined ? "ignore" : { path });
  const { values } = await run(monitor, containerProgram(script), {
    stdio: [entry(stdio[0]), entry(stdio[1]), "ignore"],
  });
  return Number(values.get(PID_TAG));
}

function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

describe.skipIf(rootless !== undefined)(titled("monitorKernel()", rootless), () => {
  describe("as a kernel port", () => {
    let directory: string;
    kernelSuite({
      make: async () => {
        directory = mkdtempSync("/run/rt-monitor-");
        await using spawner = spawnKernel();
        const monitor = await startMonitor(spawner, directory);
        // A test leaves an orphan; a monitor without other children would take its end for that of its container.
        const wait = new ProgramBuilder();
        wait.sys("ppoll", [0, 0, 0, 0, 0]);
        const companion = await monitor.launch(wait.build());
        return {
          launch: (program, options) => monitor.launch(program, options),
          [Symbol.asyncDispose]: async () => {
            process.kill(companion.pid, "SIGKILL");
            await monitor.quit();
            await monitor[Symbol.asyncDispose]();
            rmSync(directory, { recursive: true });
          },
        };
      },
      launches: 300,
    });
  });

  describe("as a monitor", () => {
    let directory: string;
    let spawner: Kernel;
    let monitor: MonitorKernel;
    let exits: ReapedProcess[];
    beforeEach(async () => {
      directory = mkdtempSync("/run/rt-monitor-");
      spawner = spawnKernel();
      exits = [];
      monitor = await startMonitor(spawner, directory, {
        args: ["-namespace", "rt", "-id", "c1"],
        onExit: (exit) => exits.push(exit),
      });
    });
    afterEach(async () => {
      await monitor.quit();
      await monitor[Symbol.asyncDispose]();
      await spawner[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true });
    });

    it("is detached, small, named like the real shim, and holds nothing that is not its own", () => {
      const proc = `/proc/${monitor.pid}`;
      expect(readFileSync(`${proc}/cmdline`, "utf8")).toBe("containerd-shim\0-namespace\0rt\0-id\0c1\0");
      const status = readFileSync(`${proc}/status`, "utf8");
      expect(status).toMatch(/^Name:\tcontainerd-shim$/m);
      expect(status).not.toMatch(new RegExp(`^PPid:\t${process.pid}$`, "m"));
      expect(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1])).toBeLessThanOrEqual(64);
      expect(readFileSync(`${proc}/stat`, "utf8").split(" ")[5]).toBe(String(monitor.pid));
      expect(monitorPid(directory)).toBe(monitor.pid);
      expect(statSync(join(directory, "command")).mode).toBe(constants.S_IFIFO | 0o600);
      expect(statSync(join(directory, "report")).mode).toBe(constants.S_IFIFO | 0o600);
      expect(statSync(join(directory, "exits")).mode).toBe(constants.S_IFREG | 0o600);
    });

    it("has written the exit before it tells, and leaves when everything has been read", async () => {
      const out = join(directory, "out");
      await makeFifo(spawner, out);
      await monitor.hold(out, { drain: true });
      const pid = await startContainer(monitor, "echo last words; exit 9", [undefined, out]);
      await expect.poll(() => exits).toMatchObject([{ pid, code: 9, signal: 0 }]);
      expect(readMonitorExits(directory)).toContainEqual(exits[0]);
      await sleep(100);
      expect(monitorPid(directory)).toBe(monitor.pid);
      const read: string[] = [];
      await using reader = openFifoReader(out);
      for await (const chunk of reader) read.push(Buffer.from(chunk).toString());
      expect(read.join("")).toBe("last words\n");
      await monitor.closed;
      await expect.poll(() => monitorPid(directory)).toBeUndefined();
      await expect(connectMonitor(directory)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    });

    it("keeps stdin open until it is released", async () => {
      const [input, out] = [join(directory, "in"), join(directory, "out")];
      await makeFifo(spawner, input);
      await makeFifo(spawner, out);
      const held = await monitor.hold(input);
      await monitor.hold(out, { drain: true });
      await startContainer(monitor, "wc -c", [input, out]);
      for (const text of ["abc", "defg"]) {
        const writer = openFifoWriter(input);
        await writer.write(Buffer.from(text));
        await writer.close();
        await sleep(50);
        expect(exits).toEqual([]);
      }
      await held.release();
      await expect.poll(() => exits.length).toBe(1);
      await using reader = openFifoReader(out, { keepOpen: true });
      for await (const chunk of reader) {
        expect(Buffer.from(chunk).toString().trim()).toBe("7");
        break;
      }
    });

    it("lets the next client release what another one let it hold", async () => {
      const input = join(directory, "in");
      await makeFifo(spawner, input);
      const { id } = await monitor.hold(input);
      const pid = await startContainer(monitor, "exec cat", [input]);
      await monitor[Symbol.asyncDispose]();
      monitor = await connectMonitor(directory, { onExit: (exit) => exits.push(exit) });
      await sleep(50);
      expect(isAlive(pid)).toBe(true);
      await monitor.release(id);
      await expect.poll(() => exits).toMatchObject([{ pid, code: 0 }]);
    });

    it("refuses to hold what is not there", async () => {
      const missing = monitor.hold(join(directory, "none"));
      await expect(missing).rejects.toMatchObject({
        code: "NOT_FOUND",
        message: `cannot hold fifo ${directory}/none: ENOENT`,
      });
    });

    it("adopts what a container leaves behind and stays until that has ended", async () => {
      const pid = await startContainer(monitor, "(sleep 0.3; exit 4) & exit 3");
      await expect.poll(() => exits.find((exit) => exit.pid === pid)?.code).toBe(3);
      expect(monitorPid(directory)).toBe(monitor.pid);
      await monitor.closed;
      expect(readMonitorExits(directory).map((exit) => exit.code)).toEqual(expect.arrayContaining([3, 4]));
    });

    it("survives garbled commands", async () => {
      const fd = openSync(join(directory, "command"), "r+");
      for (const garbage of [
        "x",
        "garbage of some length that is no command",
        "\0".repeat(4096),
        "\xff".repeat(4096),
      ]) {
        writeSync(fd, Buffer.from(garbage.padEnd(8, "\0"), "latin1"));
        await sleep(20);
      }
      const p = new ProgramBuilder();
      p.exit(6);
      expect((await run(monitor, p.build())).code).toBe(6);
    });

    it("ignores the signals that would end other processes", async () => {
      for (const signal of ["SIGTERM", "SIGHUP", "SIGINT", "SIGPIPE", "SIGQUIT", "SIGUSR1"] as const) {
        process.kill(monitor.pid, signal);
      }
      await sleep(50);
      expect(monitorPid(directory)).toBe(monitor.pid);
      // And what it launches does not inherit that.
      const p = new ProgramBuilder();
      p.sys("execve", [p.cstring("/bin/sleep"), p.vector(["sleep", "60"]), p.vector([])]);
      const launch = await monitor.launch(p.build());
      await sleep(50);
      process.kill(launch.pid, "SIGTERM");
      expect(await launch.exited).toEqual({ code: 0, signal: 15 });
    });

    it("killed, takes its container along, and whoever waits is told", async () => {
      const pid = await startContainer(monitor, "exec sleep 60");
      const p = new ProgramBuilder();
      p.sys("ppoll", [0, 0, 0, 0, 0]);
      const waiting = await monitor.launch(p.build());
      process.kill(monitor.pid, "SIGKILL");
      process.kill(waiting.pid, "SIGKILL");
      await monitor.closed;
      expect(await waiting.exited).toEqual({ code: 255, signal: 0 });
      await expect.poll(() => isAlive(pid)).toBe(false);
      await expect(monitor.launch(p.build())).rejects.toMatchObject({ code: "UNAVAILABLE" });
    });

    it("killed at any time, leaves whole exit records and nobody waiting", async () => {
      const p = new ProgramBuilder();
      p.exit(1);
      const program = p.build();
      for (let round = 0; round < 10; round++) {
        const own = join(directory, `round-${round}`);
        await run(spawner, makeDirectory(own));
        const victim = await startMonitor(spawner, own);
        const launches = Array.from({ length: 40 }, () => run(victim, program).catch((err: Error) => err));
        await sleep(round / 2);
        process.kill(victim.pid, "SIGKILL");
        await victim.closed;
        await Promise.all(launches);
        expect(statSync(join(own, "exits")).size % 24).toBe(0);
        for (const exit of readMonitorExits(own)) expect(exit).toMatchObject({ code: 1, signal: 0 });
      }
    });

    it("outlives its client, killed at any time; the next one finds container and exit status", async () => {
      // One container stays, or the monitor would leave with the first that ends.
      const companion = await startContainer(monitor, "exec sleep 100");
      await monitor[Symbol.asyncDispose]();
      for (let round = 0; round < 4; round++) {
        const client = spawn(
          process.execPath,
          ["--conditions=rt-source", join(import.meta.dirname, "monitor_client.ts"), directory],
          {
            stdio: ["ignore", "pipe", "inherit"],
          },
        );
        const pid = await new Promise<number>((resolve, reject) => {
          client.stdout.once("data", (data) => resolve(Number(data)));
          client.once("exit", () => reject(new Error("the client ended by itself")));
        });
        await sleep(round * 3);
        client.kill("SIGKILL");
        await new Promise((resolve) => client.once("close", resolve));
        expect(isAlive(pid)).toBe(true);
        const seen: ReapedProcess[] = [];
        const next = await connectMonitor(directory, { onExit: (exit) => seen.push(exit) });
        expect(next.pid).toBe(monitor.pid);
        process.kill(pid, "SIGTERM");
        await expect.poll(() => seen.find((exit) => exit.pid === pid)).toMatchObject({ code: 40 + round });
        await next[Symbol.asyncDispose]();
        expect(readMonitorExits(directory).find((exit) => exit.pid === pid)).toMatchObject({
          code: 40 + round,
        });
      }
      process.kill(companion, "SIGKILL");
      await expect.poll(() => monitorPid(directory)).toBeUndefined();
    });
  });
});

function makeDirectory(path: string): Program {
  const p = new ProgramBuilder();
  p.sys("mkdirat", [-100, p.cstring(path), 0o700]);
  return p.build();
}
