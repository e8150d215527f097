import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import type { Containerd } from "./api/containerd.ts";
import { composeContainerd } from "./compose.ts";
import { defaultConfig, withFlags } from "./config.ts";
import { containerdSuite } from "./testing/containerd_suite.ts";

describe("composeContainerd()", () => {
  let dir: string;
  let containerd: Containerd;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "rt-containerd-"));
    const places = { root: join(dir, "root"), state: join(dir, "state"), address: join(dir, "c.sock") };
    containerd = await composeContainerd(withFlags(defaultConfig(), places));
  });
  afterAll(async () => {
    await containerd[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  });

  containerdSuite({ snapshotter: "overlayfs" }).forEach(({ name, run }, index) => {
    test(name, async () => await run(containerd, { namespace: `suite-${index}` }));
  });
});
