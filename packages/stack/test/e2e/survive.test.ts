/** kill -9 of every daemon and of the container's parents, at work: nothing is lost, everything is found again. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isAlive, readProcess, stackProcesses } from "../../src/processes.ts";
import { daemonPid } from "../../src/up.ts";
import { waitFor } from "../../src/wait.ts";
import { ENGINE, type TestStack, testStack, whyNot } from "./harness.ts";

const skip = whyNot("docker", "busybox");

describe.skipIf(skip !== undefined)(
  `kill -9 on ${ENGINE}${skip === undefined ? "" : ` (skipped: ${skip})`}`,
  () => {
    let stack: TestStack;
    const ok = (...args: string[]): string => {
      const r = stack.docker(args);
      expect(r, `docker ${args.join(" ")}`).toMatchObject({ code: 0 });
      return r.stdout.trim();
    };
    beforeAll(async () => {
      stack = await testStack();
    });
    afterAll(async () => stack?.[Symbol.asyncDispose]());

    /** A container that counts to 40, ten lines a second, and exits with 9. */
    const counter = (name: string): void => {
      ok(
        "run",
        "-d",
        "--name",
        name,
        "busybox",
        "sh",
        "-c",
        "i=0; while [ $i -lt 40 ]; do echo $i; i=$((i+1)); sleep 0.1; done; exit 9",
      );
    };
    const expectWhole = (name: string): void => {
      expect(ok("wait", name)).toBe("9");
      const lines = ok("logs", name).split("\n");
      expect(lines).toEqual(Array.from({ length: 40 }, (_, i) => `${i}`));
      ok("rm", name);
    };
    const taskService = (): number => {
      const found = stackProcesses(stack.paths.root).find((p) =>
        p.args.some((a) => /shim\/dist\/cli|containerd-shim-rt-v2/.test(a)),
      );
      expect(found, "the task service").toBeDefined();
      return found?.pid ?? -1;
    };
    /** The monitor of a container: the parent of its process. */
    const monitorOf = (name: string): number => {
      const pid = Number(ok("inspect", "-f", "{{.State.Pid}}", name));
      return readProcess(pid)?.ppid ?? -1;
    };

    test.each(["rt-dockerd", "rt-containerd"])(
      "%s: the container lives, is found again, no log line is lost",
      async (daemon) => {
        counter("cc");
        await sleep(700);
        const pid = daemonPid(stack.paths, daemon);
        expect(pid).toBeGreaterThan(1);
        const container = Number(ok("inspect", "-f", "{{.State.Pid}}", "cc"));
        process.kill(pid as number, "SIGKILL");
        await sleep(700);
        expect(isAlive(container)).toBe(true);
        await stack.up();
        await waitFor(
          "the container is listed",
          () => stack.docker(["ps", "-q"]).stdout.trim() !== "",
          10_000,
        );
        expectWhole("cc");
      },
    );

    test.each(["rt-dockerd", "rt-containerd"])(
      "%s down while the container exits: the status is known afterwards",
      async (daemon) => {
        ok("run", "-d", "--name", "gone", "busybox", "sh", "-c", "sleep 1; echo last; exit 6");
        process.kill(daemonPid(stack.paths, daemon) as number, "SIGKILL");
        await sleep(1_500);
        await stack.up();
        await waitFor(
          "the exit is known",
          () => stack.docker(["wait", "gone"]).stdout.trim() === "6",
          10_000,
        );
        expect(ok("logs", "gone")).toBe("last");
        ok("rm", "gone");
      },
    );

    test("the task service: found again, exit status right, exec works", async () => {
      counter("ss");
      await sleep(700);
      const before = taskService();
      process.kill(before, "SIGKILL");
      await waitFor("exec works again", () => stack.docker(["exec", "ss", "true"]).code === 0, 15_000);
      expect(taskService()).not.toBe(before);
      expectWhole("ss");
    });

    test("the container's containerd-shim: the container ends, its exit is published, it can be removed", async () => {
      ok("run", "-d", "--name", "mm", "busybox", "sleep", "600");
      const container = Number(ok("inspect", "-f", "{{.State.Pid}}", "mm"));
      const monitor = monitorOf("mm");
      expect(readProcess(monitor)?.comm).toBe("containerd-shim");
      process.kill(monitor, "SIGKILL");
      await waitFor("the container ends", () => !isAlive(container), 5_000);
      expect(ok("wait", "mm")).toBe("137");
      ok("rm", "mm");
    });

    test("the container's process: its containerd-shim ends by itself", async () => {
      ok("run", "-d", "--name", "pp", "busybox", "sleep", "600");
      const monitor = monitorOf("pp");
      process.kill(Number(ok("inspect", "-f", "{{.State.Pid}}", "pp")), "SIGKILL");
      expect(ok("wait", "pp")).toBe("137");
      await waitFor("the monitor ends", () => !isAlive(monitor), 5_000);
      ok("rm", "pp");
    });

    test("nothing is left behind", async () => {
      expect(await stack.leaked()).toEqual([]);
    });
  },
);
