/** The contract of a task service on the peer's shim with real runc, driven by our client over its own ttrpc. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { fromTypedEvent, type TaskEvent } from "../../src/api/index.ts";
import { EventsReceiver, ShimClient, startShim } from "../../src/client/index.ts";
import { makeFifo, openFifoReader, spawnKernel } from "../../src/kernel.ts";
import { type ServiceUnderTest, taskServiceSuite } from "../../src/testing/index.ts";

const root = process.getuid?.() === 0;
const real = root && existsSync("/usr/bin/containerd-shim-runc-v2") && existsSync("/usr/sbin/runc");

/** Starts the shim of `runtime` for one container. */
export async function shimOf(
  runtime: string,
  { id, bundle, directory }: { id: string; bundle: string; directory: string },
): Promise<ServiceUnderTest> {
  const events: TaskEvent[] = [];
  const receiver = await EventsReceiver.listen(join(directory, "events.sock"), ({ event }) => {
    const known = fromTypedEvent(event);
    if (known !== undefined) events.push(known);
  });
  // The peer's shim insists on a FIFO for its log, and on somebody who reads it.
  await using kernel = spawnKernel();
  await makeFifo(kernel, join(bundle, "log"));
  const log = openFifoReader(join(bundle, "log"), { keepOpen: true });
  const address = await startShim({
    runtime,
    id,
    namespace: "rt-suite",
    bundle,
    address: join(directory, "containerd.sock"),
    ttrpcAddress: join(directory, "events.sock"),
    path: process.env.PATH ?? "",
  });
  const service = await ShimClient.connect(address, "rt-suite");
  return {
    service,
    events,
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await receiver[Symbol.asyncDispose]();
      await log.close();
    },
  };
}

if (real) taskServiceSuite({ describe, test }, "containerd-shim-runc-v2", { make: (r) => shimOf("io.containerd.runc.v2", r) });
else test.skip("containerd-shim-runc-v2 and runc are not installed, or not root");
