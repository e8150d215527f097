/** A pod through CRI by a gRPC client, on the whole stack: two containers, logs in CRI format, ExecSync, bad input. */
import { join } from "node:path";
import type { CriRuntime } from "@rt/cri/api";
import { createCriClient } from "@rt/cri/client";
import { hasCode } from "@rt/cri/errors";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runPod } from "../../src/demo.ts";
import { ENGINE, type TestStack, testStack, whyNot } from "./harness.ts";

const skip = whyNot("docker", "busybox");

describe.skipIf(skip !== undefined)(
  `CRI on ${ENGINE}${skip === undefined ? "" : ` (skipped: ${skip})`}`,
  () => {
    let stack: TestStack;
    let cri: CriRuntime;
    beforeAll(async () => {
      stack = await testStack();
      cri = createCriClient({ address: stack.paths.criSocket });
    });
    afterAll(async () => {
      await cri?.[Symbol.asyncDispose]();
      await stack?.[Symbol.asyncDispose]();
    });

    test("version and status", async () => {
      expect(await cri.runtime.version({})).toMatchObject({ runtimeApiVersion: "v1" });
      const { status } = await cri.runtime.status({});
      expect(status?.conditions.map((c) => [c.type, c.status])).toEqual([
        ["RuntimeReady", true],
        ["NetworkReady", true],
      ]);
    });

    test("a pod with two containers: exit codes, and logs in CRI format", async () => {
      const shell = (name: string, script: string) => ({
        name,
        image: "busybox",
        command: ["sh", "-c", script],
      });
      const { containers } = await runPod(cri, join(stack.paths.root, "data/pods"), [
        shell("good", "echo one; echo two >&2"),
        shell("bad", "echo three; exit 3"),
      ]);
      expect(containers.map((c) => [c.name, c.exitCode])).toEqual([
        ["good", 0],
        ["bad", 3],
      ]);
      const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d)`;
      expect(containers[0]?.log).toMatch(new RegExp(`^${time} stdout F one$`, "m"));
      expect(containers[0]?.log).toMatch(new RegExp(`^${time} stderr F two$`, "m"));
      expect(containers[1]?.log).toMatch(new RegExp(`^${time} stdout F three\n$`));
    });

    test("containers of a pod share its network; ExecSync tells output and code", async () => {
      const metadata = { name: "net", namespace: "ns", uid: "u2", attempt: 0 };
      const sandboxConfig = { metadata, logDirectory: join(stack.paths.root, "data/pods"), linux: {} };
      const { podSandboxId } = await cri.runtime.runPodSandbox({ config: sandboxConfig });
      try {
        const { containerId } = await cri.runtime.createContainer({
          podSandboxId,
          sandboxConfig,
          config: {
            metadata: { name: "c" },
            image: { image: "busybox" },
            command: ["sleep", "60"],
            linux: {},
          },
        });
        await cri.runtime.startContainer({ containerId });
        const { status } = await cri.runtime.podSandboxStatus({ podSandboxId });
        const address = await cri.runtime.execSync({
          containerId,
          cmd: ["ip", "-4", "-o", "addr", "show", "eth0"],
        });
        expect(new TextDecoder().decode(address.stdout)).toContain(`inet ${status?.network?.ip}/`);
        const failed = await cri.runtime.execSync({ containerId, cmd: ["sh", "-c", "echo bad >&2; exit 4"] });
        expect([failed.exitCode, new TextDecoder().decode(failed.stderr)]).toEqual([4, "bad\n"]);
        const { containers } = await cri.runtime.listContainers({ filter: { podSandboxId } });
        expect(containers.map((c) => c.id)).toEqual([containerId]);
      } finally {
        await cri.runtime.stopPodSandbox({ podSandboxId });
        await cri.runtime.removePodSandbox({ podSandboxId });
      }
      const { items } = await cri.runtime.listPodSandbox({});
      expect(items).toEqual([]);
    });

    test("bad input: NOT_FOUND and INVALID_ARGUMENT, and nothing changes", async () => {
      const codeOf = (work: Promise<unknown>, code: "NOT_FOUND" | "INVALID_ARGUMENT"): Promise<boolean> =>
        work.then(
          () => false,
          (e: unknown) => hasCode(e, code),
        );
      expect(await codeOf(cri.runtime.containerStatus({ containerId: "nope" }), "NOT_FOUND")).toBe(true);
      expect(await codeOf(cri.runtime.podSandboxStatus({ podSandboxId: "nope" }), "NOT_FOUND")).toBe(true);
      expect(await codeOf(cri.runtime.runPodSandbox({}), "INVALID_ARGUMENT")).toBe(true);
      await cri.runtime.removePodSandbox({ podSandboxId: "nope" });
      expect((await cri.runtime.listPodSandbox({})).items).toEqual([]);
    });

    test("nothing is left behind", async () => {
      expect(await stack.leaked()).toEqual([]);
    });
  },
);
