import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, it } from "vitest";
import { RuncCli } from "../../src/client/runc_cli.ts";
import { compose } from "../../src/compose.ts";
import { spawnKernel } from "../../src/host/spawn_kernel.ts";
import { portKernel } from "../../src/kernel.ts";
import { BUSYBOX } from "../../src/testing/bundle.ts";
import { runtimeSuite } from "../../src/testing/runtime_suite.ts";

const runner = { describe, it, beforeAll, afterAll };
const able = process.getuid?.() === 0 && existsSync(BUSYBOX);

function root(): { root: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), "rt-root-"));
  return { root: directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

if (!able) {
  describe.skip("OciRuntime (skipped: needs root and busybox-static)", () => it("runs", () => {}));
} else {
  runtimeSuite(runner, "Runc over spawnKernel", async () => {
    const state = root();
    const runtime = compose({ root: state.root });
    return {
      runtime,
      async dispose() {
        await runtime[Symbol.asyncDispose]();
        state.remove();
      },
    };
  });

  runtimeSuite(runner, "Runc over portKernel", async () => {
    const state = root();
    const runtime = compose({ root: state.root, kernel: await portKernel() });
    return {
      runtime,
      async dispose() {
        await runtime[Symbol.asyncDispose]();
        state.remove();
      },
    };
  });

  const mounts = readFileSync("/proc/self/mountinfo", "utf8");
  const isHybrid = / - cgroup /.test(mounts) && / - cgroup2 /.test(mounts);
  for (const binary of ["/usr/sbin/runc", "/usr/bin/crun"]) {
    const refused = binary.endsWith("crun") && isHybrid ? "crun refuses hybrid cgroups" : undefined;
    const reason = existsSync(binary) ? refused : "not installed";
    if (reason !== undefined) {
      describe.skip(`OciRuntime: RuncCli over ${binary} (skipped: ${reason})`, () => it("runs", () => {}));
      continue;
    }
    runtimeSuite(runner, `RuncCli over ${binary}`, async () => {
      const state = root();
      const kernel = spawnKernel();
      return {
        runtime: new RuncCli({ kernel, binary, root: state.root }),
        async dispose() {
          await kernel[Symbol.asyncDispose]();
          state.remove();
        },
      };
    });
  }
}
