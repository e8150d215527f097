/** Ways to the shims that the system tests drive. */
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromTypedEvent, type TaskEvent } from "../../src/api/index.ts";
import { EventsReceiver, ShimClient, startShim } from "../../src/client/index.ts";
import { makeFifo, openFifoReader, spawnKernel } from "../../src/kernel.ts";
import type { ServiceUnderTest } from "../../src/testing/index.ts";

/** Why system tests cannot run here; undefined if they can. */
export const unable: string | undefined =
  process.getuid?.() !== 0
    ? "not root"
    : !existsSync("/usr/bin/busybox")
      ? "no static busybox in /usr/bin"
      : undefined;

/** Whether the peers' programs are here. */
export const peers: boolean = existsSync("/usr/bin/containerd-shim-runc-v2") && existsSync("/usr/sbin/runc");

/** The engine that runs the program: this one, or Bun if RT_ENGINE says so. */
function engine(): string {
  const bun = join(import.meta.dirname, "../../../../node_modules/@oven/bun-linux-x64/bin/bun");
  return process.env.RT_ENGINE === "bun" ? bun : `${process.execPath} --disable-warning=ExperimentalWarning`;
}

/** A directory with the program `containerd-shim-rt-v2`, run from source. */
export function sourceProgram(): { readonly directory: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), "rt-bin-"));
  const main = join(import.meta.dirname, "../../src/cli/main.ts");
  const program = join(directory, "containerd-shim-rt-v2");
  writeFileSync(program, `#!/bin/sh\nexec ${engine()} --conditions=rt-source ${main} "$@"\n`);
  chmodSync(program, 0o755);
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

/** A shim as a process, and what it told. */
export interface RunningShim extends ServiceUnderTest {
  readonly address: string;
  readonly service: ShimClient;
  readonly call: Parameters<typeof startShim>[0];
}

/** Starts the shim of `runtime` for one container, with a receiver of its events. */
export async function runShim(
  runtime: string,
  request: { readonly id: string; readonly bundle: string; readonly directory: string },
  path: string = process.env.PATH ?? "",
): Promise<RunningShim> {
  const { id, bundle, directory } = request;
  const events: TaskEvent[] = [];
  const receiver = await EventsReceiver.listen(join(directory, "events.sock"), ({ event }) => {
    const known = fromTypedEvent(event);
    if (known !== undefined) events.push(known);
  });
  // The peer's shim insists on a FIFO for its log, and on somebody who reads it.
  await using kernel = spawnKernel();
  await makeFifo(kernel, join(bundle, "log"));
  const log = openFifoReader(join(bundle, "log"), { keepOpen: true });
  const call = {
    runtime,
    id,
    namespace: "rt-suite",
    bundle,
    address: join(directory, "containerd.sock"),
    ttrpcAddress: join(directory, "events.sock"),
    path,
    env: { RT_SHIM_LINGER_MS: "2000", RT_SHIM_SOCKET_DIR: join(directory, "s") },
  };
  const shim = await startShim(call);
  const service = await ShimClient.connect(shim, "rt-suite");
  return {
    service,
    events,
    call,
    address: shim.address,
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await receiver[Symbol.asyncDispose]();
      await log.close();
    },
  };
}
