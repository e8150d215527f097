import { afterAll, beforeAll, describe, test } from "vitest";
import { ContainerdClient } from "../../src/client/containerd_client.ts";
import { containerdSuite } from "../../src/testing/containerd_suite.ts";
import { missing, startContainerd } from "./peers.ts";
import { engineCommand, RtContainerd } from "./rt_containerd.ts";

interface Daemon extends AsyncDisposable {
  readonly address: string;
}

const daemons: readonly [name: string, skip: string | undefined, start: () => Promise<Daemon>][] = [
  ["the real containerd", missing("containerd", "ctr"), startContainerd],
  ["rt-containerd on Node", missing("ctr"), () => RtContainerd.start("node")],
  [
    "rt-containerd on Bun",
    missing("ctr") ?? (engineCommand("bun") === undefined ? "bun not installed" : undefined),
    () => RtContainerd.start("bun"),
  ],
];

for (const [name, skip, start] of daemons) {
  describe.skipIf(skip !== undefined)(
    `ContainerdClient on ${name}${skip === undefined ? "" : ` (skipped: ${skip})`}`,
    () => {
      let daemon: Daemon;
      let client: ContainerdClient;
      beforeAll(async () => {
        daemon = await start();
        client = new ContainerdClient({ address: daemon.address });
      });
      afterAll(async () => {
        await client[Symbol.asyncDispose]();
        await daemon[Symbol.asyncDispose]();
      });

      containerdSuite().forEach((c, index) => {
        test(c.name, async () => await c.run(client, { namespace: `suite-${index}` }));
      });
    },
  );
}
