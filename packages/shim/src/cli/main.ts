#!/usr/bin/env node
/**
 * containerd-shim-rt-v2: the program that containerd starts for the runtime `io.containerd.rt.v2`.
 *
 * `start` is on the way of every container and loads only what it needs; the task service is loaded to serve.
 *
 * @module
 */
import { messageOf } from "@rt/runc/oci";
import { loadConfig, type ShimConfig } from "../config.ts";

const NAME = "io.containerd.rt.v2";

async function readStdin(): Promise<Uint8Array> {
  const { readFileSync } = await import("node:fs");
  try {
    return readFileSync(0);
  } catch {
    return new Uint8Array(0);
  }
}

function write(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(bytes, (err) => (err == null ? resolve() : reject(err)));
  });
}

async function start(config: ShimConfig): Promise<void> {
  const { readStartInput, startAnswer } = await import("../server/bootstrap.ts");
  const { startService } = await import("../manager/start.ts");
  const input = await readStartInput(await readStdin(), config.id, config.namespace);
  const told =
    input.kind === "params"
      ? {
          ...config,
          ttrpcAddress: input.ttrpcAddress || config.ttrpcAddress,
          address: config.address || input.grpcAddress,
          socketDir: input.socketDir ?? config.socketDir,
        }
      : config;
  await write(await startAnswer(input, await startService(told)));
}

async function run(): Promise<void> {
  const config = loadConfig(process.argv.slice(2), process.env, process.cwd());
  switch (config.action) {
    case "start":
      return start(config);
    case "delete":
      return (await import("./delete.ts")).deleteCommand(config, write);
    case "serve":
      return (await import("./serve.ts")).serveCommand(config);
    case "info":
      return (await import("./info.ts")).infoCommand(NAME, await readStdin(), write);
    case "version": {
      const { versionText } = await import("./info.ts");
      return write(new TextEncoder().encode(versionText()));
    }
  }
}

run().then(
  () => process.exit(0),
  (err: unknown) => {
    process.stderr.write(`${NAME}: ${messageOf(err)}\n`, () => process.exit(1));
  },
);
