/** PullImage from a real registry that asks for credentials. */
import { type ChildProcess, spawn } from "node:child_process";
import { openSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createCri } from "@rt/cri";
import type { CriRuntime } from "@rt/cri/api";
import { rejects, TestPod } from "@rt/cri/testing";
import type { Engine } from "@rt/dockerd/api";
import { createEngineClient } from "@rt/dockerd/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { end, IMAGE, rtDockerd, type TestEngine, whyNot } from "./engines.ts";

const reason = whyNot("docker-registry", "busybox", "ip", "nft");
const port = 20_000 + (process.pid % 20_000);
const name = `127.0.0.1:${port}/rt/busybox`;
/** Password `p`, by bcrypt. */
const users = "u:$2y$12$Q9sKrZvvu9LcPyIXjYla7.Izmw4kf0IcLAPseedPRCXmxEAyiGVfi\n";

describe.skipIf(reason !== undefined)(
  `PullImage${reason === undefined ? "" : ` (skipped: ${reason})`}`,
  () => {
    let stack: AsyncDisposableStack;
    let engine: TestEngine;
    let client: Engine;
    let cri: CriRuntime;

    beforeAll(async () => {
      stack = new AsyncDisposableStack();
      engine = stack.use(await rtDockerd());
      client = stack.use(createEngineClient({ address: engine.address }));
      cri = stack.use(createCri(client, { root: join(engine.directory, "cri") }));
      const registry = await startRegistry(engine.directory);
      stack.defer(() => end(registry));
      await client.images.tag(IMAGE, { repo: name, tag: "latest" });
      for await (const _ of client.images.push(name, {
        tag: "latest",
        auth: { username: "u", password: "p" },
      }));
      await cri.images.removeImage({ image: { image: name } });
    });
    afterAll(async () => {
      await stack?.disposeAsync();
    });

    test("with credentials, as fields or as one; without or with wrong ones it fails and there is no image", async () => {
      const image = { image: name };
      for (const auth of [undefined, { username: "u", password: "wrong" }]) {
        const failed = cri.images.pullImage({ image, ...(auth === undefined ? {} : { auth }) });
        await expect(failed).rejects.toThrow(
          /no basic auth credentials|unauthorized|authentication required/,
        );
        expect((await cri.images.imageStatus({ image })).image).toBeUndefined();
      }
      for (const auth of [
        { username: "u", password: "p" },
        { auth: Buffer.from("u:p").toString("base64") },
      ]) {
        const { imageRef } = await cri.images.pullImage({ image, auth });
        const status = (await cri.images.imageStatus({ image })).image;
        expect(imageRef).toMatch(new RegExp(`^${name}@sha256:[0-9a-f]{64}$`));
        expect(status?.repoDigests).toContain(imageRef);
        expect((await cri.images.imageStatus({ image: { image: imageRef } })).image?.id).toBe(status?.id);
        await using pod = await TestPod.run({ cri, image: imageRef, directory: engine.directory });
        const id = await pod.start("main", "exit 8");
        const ended = await pod.ended(id);
        expect([ended.exitCode, ended.imageRef]).toEqual([8, `docker-pullable://${imageRef}`]);
        await cri.runtime.removeContainer({ containerId: id });
        await cri.images.removeImage({ image });
        expect((await cri.images.imageStatus({ image: { image: imageRef } })).image).toBeUndefined();
      }
    });

    test("of what the registry does not have: NOT_FOUND", async () => {
      const auth = { username: "u", password: "p" };
      const image = { image: `127.0.0.1:${port}/rt/nothing:1` };
      await rejects(cri.images.pullImage({ image, auth }), "NOT_FOUND", /not found|unknown/);
    });

    test("with an auth that is none: INVALID_ARGUMENT", async () => {
      const bad = { auth: Buffer.from("nocolon").toString("base64") };
      await rejects(
        cri.images.pullImage({ image: { image: name }, auth: bad }),
        "INVALID_ARGUMENT",
        /^invalid auth config/,
      );
    });
  },
);

async function startRegistry(directory: string): Promise<ChildProcess> {
  const passwords = join(directory, "htpasswd");
  writeFileSync(passwords, users);
  const config = join(directory, "registry.yml");
  writeFileSync(
    config,
    JSON.stringify({
      version: 0.1,
      storage: { filesystem: { rootdirectory: join(directory, "registry") } },
      http: { addr: `127.0.0.1:${port}` },
      auth: { htpasswd: { realm: "rt", path: passwords } },
    }),
  );
  const log = openSync(join(directory, "registry.log"), "a");
  const registry = spawn("docker-registry", ["serve", config], { stdio: ["ignore", log, log] });
  for (let left = 100; left > 0; left--) {
    const answered = await new Promise<boolean>((resolve) => {
      const connection = connect(port, "127.0.0.1", () => resolve(true));
      connection.once("error", () => resolve(false));
      connection.once("close", () => connection.destroy());
    });
    if (answered) return registry;
    await sleep(100);
  }
  throw new Error("the registry does not answer");
}
