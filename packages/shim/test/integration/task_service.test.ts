/** The contract of a task service on every implementation, the peer's included. */

import { join } from "node:path";
import { silentLogger } from "@rt/runc/oci";
import { afterAll, describe, test } from "vitest";
import { encodeRuntimeOptions, type TaskEvent } from "../../src/api/index.ts";
import { makeRuntime } from "../../src/compose.ts";
import { portKernel } from "../../src/kernel.ts";
import { Shim } from "../../src/shim.ts";
import { type ServiceUnderTest, taskServiceSuite } from "../../src/testing/index.ts";
import { peers, runShim, sourceProgram, unable } from "../support/program.ts";

/** A shim in this process. */
async function localShim({ directory }: { readonly directory: string }): Promise<ServiceUnderTest> {
  const kernel = portKernel();
  const events: TaskEvent[] = [];
  const service = new Shim({
    kernel,
    log: silentLogger,
    runtime: (port, choice) => makeRuntime(port, choice, process.env.PATH ?? ""),
    publish: async ({ event }) => {
      events.push(event);
    },
    namespace: "rt-suite",
    address: join(directory, "shim.sock"),
  });
  return {
    service,
    events,
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await kernel[Symbol.asyncDispose]();
    },
  };
}

const realRunc = encodeRuntimeOptions({ binaryName: "runc" });

if (unable !== undefined) test.skip(`task services: ${unable}`, () => {});
else {
  const ours = sourceProgram();
  afterAll(() => ours.remove());
  const runner = { describe, test };
  taskServiceSuite(runner, "Shim in process, Runc in process", { make: localShim });
  taskServiceSuite(runner, "containerd-shim-rt-v2 over ttrpc, Runc in process", {
    make: (request) => runShim("io.containerd.rt.v2", request, `${ours.directory}:${process.env.PATH}`),
  });
  if (!peers) test.skip("containerd-shim-runc-v2 and runc are not installed", () => {});
  else {
    taskServiceSuite(runner, "Shim in process, real runc", { make: localShim, options: realRunc });
    taskServiceSuite(runner, "containerd-shim-runc-v2", {
      make: (request) => runShim("io.containerd.runc.v2", request),
    });
  }
}
