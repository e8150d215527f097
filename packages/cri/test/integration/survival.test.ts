/** rt-cri as a process: killed and started again, it loses and doubles no log line. */
import { type ChildProcess, spawn } from "node:child_process";
import { openSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CriRuntime } from "@rt/cri/api";
import { createCriClient } from "@rt/cri/client";
import { eventually, readLog, TestPod } from "@rt/cri/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answers, end, IMAGE, realDockerd, source, type TestEngine, whyNot } from "./engines.ts";

const reason = whyNot("dockerd", "containerd", "runc", "busybox", "ip", "nsenter");

describe.skipIf(reason !== undefined)(
  `rt-cri as a process${reason === undefined ? "" : ` (skipped: ${reason})`}`,
  () => {
    let engine: TestEngine;
    let daemon: ChildProcess;
    let cri: CriRuntime;

    const start = async (): Promise<void> => {
      const socket = join(engine.directory, "cri.sock");
      const log = openSync(join(engine.directory, "cri.log"), "a");
      const [program = "", ...args] = [
        ...source("cri"),
        ...["--container-runtime-endpoint", `unix://${socket}`, "--docker-endpoint", engine.address],
        ...["--cri-dockerd-root-directory", join(engine.directory, "cri")],
      ];
      daemon = spawn(program, args, { stdio: ["ignore", log, log] });
      await answers(daemon, socket);
      cri = createCriClient({ address: socket });
    };

    beforeAll(async () => {
      engine = await realDockerd();
      await start();
    });
    afterAll(async () => {
      if (daemon !== undefined) await end(daemon);
      await engine?.[Symbol.asyncDispose]();
    });

    test("kill -9 while a container writes: the container lives, its log is whole", async () => {
      const pod = await TestPod.run({ cri, image: IMAGE, directory: engine.directory });
      const script =
        "i=0; while [ $i -lt 1500 ]; do echo line $i; echo err $i >&2; i=$((i+1)); sleep 0.002; done; exit 5";
      const containerId = await pod.start("main", script);
      const path = join(pod.logDirectory, "main.log");
      for (let round = 0; round < 3; round++) {
        const before = readLogSafely(path);
        await eventually(() => (readLogSafely(path) > before + 50 ? true : undefined));
        await end(daemon, "SIGKILL");
        await sleep(200);
        await start();
      }
      await expect
        .poll(async () => (await cri.runtime.containerStatus({ containerId })).status?.exitCode, {
          timeout: 30_000,
        })
        .toBe(5);
      await eventually(() => (readLogSafely(path) >= 3000 ? true : undefined));
      const lines = readLog(path);
      const of = (stream: string): string[] => lines.filter((l) => l.stream === stream).map((l) => l.text);
      expect(of("stdout")).toEqual(Array.from({ length: 1500 }, (_, i) => `line ${i}`));
      expect(of("stderr")).toEqual(Array.from({ length: 1500 }, (_, i) => `err ${i}`));
      await cri.runtime.removePodSandbox({ podSandboxId: pod.id });
    });

    test("what ends while rt-cri is away is in the log and in the status afterwards", async () => {
      const pod = await TestPod.run({ cri, image: IMAGE, directory: engine.directory });
      const containerId = await pod.start("main", "sleep 1; echo late; exit 6");
      await end(daemon, "SIGKILL");
      await sleep(1500);
      await start();
      const { status } = await cri.runtime.containerStatus({ containerId });
      expect([status?.exitCode, status?.reason]).toEqual([6, "Error"]);
      const path = join(pod.logDirectory, "main.log");
      await eventually(() => (readLogSafely(path) > 0 ? true : undefined));
      expect(readLog(path).map((l) => l.text)).toEqual(["late"]);
      await cri.runtime.removePodSandbox({ podSandboxId: pod.id });
    });

    test("started before its engine answers, it is not ready, then goes on with the logs", async () => {
      const pod = await TestPod.run({ cri, image: IMAGE, directory: engine.directory });
      const containerId = await pod.start("main", "echo early; sleep 3; echo late; sleep 100");
      await end(daemon, "SIGKILL");
      const socket = engine.address.replace("unix://", "");
      renameSync(socket, `${socket}.away`);
      await start();
      const { status } = await cri.runtime.status({});
      expect(status?.conditions.map((c) => c.status)).toEqual([false, false]);
      renameSync(`${socket}.away`, socket);
      const path = join(pod.logDirectory, "main.log");
      await eventually(() => (readLogSafely(path) >= 2 ? true : undefined));
      expect(readLog(path).map((l) => l.text)).toEqual(["early", "late"]);
      await cri.runtime.stopContainer({ containerId, timeout: 0n });
      await cri.runtime.removePodSandbox({ podSandboxId: pod.id });
    });

    test("SIGTERM ends it with 0 and takes the socket along", async () => {
      const exited = new Promise((resolve) => daemon.once("exit", resolve));
      daemon.kill("SIGTERM");
      expect(await exited).toBe(0);
      expect(readdirSync(engine.directory)).not.toContain("cri.sock");
      expect(readdirSync(engine.directory).filter((name) => name.startsWith(".s"))).toEqual([]);
    });
  },
);

/** Number of lines, also while the last one is being written. */
function readLogSafely(path: string): number {
  try {
    return readLog(path).length;
  } catch {
    return 0;
  }
}
