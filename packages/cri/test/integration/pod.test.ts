/** The CRI in process and over gRPC, on the real dockerd and on ours. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createCri, serveCri } from "@rt/cri";
import type { CriRuntime } from "@rt/cri/api";
import { createCriClient } from "@rt/cri/client";
import { criSuite, type EngineFeature } from "@rt/cri/testing";
import { createEngineClient } from "@rt/dockerd/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { IMAGE, realDockerd, rtDockerd, type TestEngine, whyNot } from "./engines.ts";

const engines = [
  {
    name: "the real dockerd",
    start: realDockerd,
    programs: ["dockerd", "containerd", "runc", "busybox", "ip", "nsenter"],
    lacks: [] as readonly EngineFeature[],
  },
  {
    name: "rt-dockerd",
    start: rtDockerd,
    programs: ["busybox", "ip", "nft"],
    lacks: [] as readonly EngineFeature[],
  },
];

for (const { name, start, programs, lacks } of engines) {
  const reason = whyNot(...programs);
  describe.skipIf(reason !== undefined)(
    `CRI over ${name}${reason === undefined ? "" : ` (skipped: ${reason})`}`,
    () => {
      let stack: AsyncDisposableStack;
      let engine: TestEngine;
      let local: CriRuntime;
      let remote: CriRuntime;

      beforeAll(async () => {
        stack = new AsyncDisposableStack();
        engine = stack.use(await start());
        const client = stack.use(createEngineClient({ address: engine.address }));
        local = stack.use(createCri(client, { root: join(engine.directory, "cri") }));
        const server = stack.use(await serveCri(join(engine.directory, "cri.sock"), local));
        remote = stack.use(createCriClient({ address: server.address }));
      });

      afterAll(async () => {
        await stack?.disposeAsync();
      });

      for (const c of criSuite()) {
        const lacking = c.needs !== undefined && lacks.includes(c.needs);
        const why = lacking ? ` (skipped: ${name} has no ${c.needs})` : "";
        test.skipIf(lacking)(`over gRPC: ${c.name}${why}`, async () => {
          const directory = join(engine.directory, "pods");
          mkdirSync(directory, { recursive: true });
          await c.run({ cri: remote, image: IMAGE, directory });
        });
      }

      test("in process: a pod with a container that ends with 7", async () => {
        const config = { metadata: { name: "local", namespace: "rt", uid: "local" } };
        const { podSandboxId } = await local.runtime.runPodSandbox({ config });
        const { containerId } = await local.runtime.createContainer({
          podSandboxId,
          sandboxConfig: config,
          config: { metadata: { name: "c" }, image: { image: IMAGE }, command: ["sh", "-c", "exit 7"] },
        });
        await local.runtime.startContainer({ containerId });
        await expect
          .poll(async () => (await local.runtime.containerStatus({ containerId })).status?.exitCode)
          .toBe(7);
        await local.runtime.removePodSandbox({ podSandboxId });
      });

      test("nothing is left behind", async () => {
        expect((await remote.runtime.listPodSandbox({})).items).toEqual([]);
        expect((await remote.runtime.listContainers({})).containers).toEqual([]);
      });
    },
  );
}
