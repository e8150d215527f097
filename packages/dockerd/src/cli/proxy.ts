#!/usr/bin/env node
/**
 * rt-docker-proxy: docker-proxy's command line over the proxy's launch program.
 *
 * Like docker-proxy it reports on fd 3: `0\n` when it listens, else `1\n` and the reason; and it ends on SIGTERM or
 * SIGINT. Source: moby `cmd/docker-proxy/main_linux.go`.
 *
 * @module
 */
import { writeSync } from "node:fs";
import { spawnKernel } from "@rt/containerd/kernel";
import { messageOf, parseFlags } from "@rt/containerd/oci";
import { startProxy } from "../proxy/proxy.ts";

const FLAGS = {
  proto: { type: "string", default: "tcp", usage: "proxy protocol" },
  "host-ip": { type: "string", default: "0.0.0.0", usage: "host ip" },
  "host-port": { type: "integer", default: -1, usage: "host port" },
  "container-ip": { type: "string", default: "", usage: "container ip" },
  "container-port": { type: "integer", default: -1, usage: "container port" },
  "use-listen-fd": { type: "boolean", usage: "use a supplied listen fd" },
  version: { type: "boolean", aliases: ["v"], usage: "print version information and quit" },
} as const;

const STATUS_FD = 3;

async function main(argv: readonly string[]): Promise<number> {
  const { values } = parseFlags(FLAGS, argv);
  if (values.version) {
    console.log("rt-docker-proxy (API 1.51)");
    return 0;
  }
  if (values.proto !== "tcp") throw new Error(`unsupported protocol ${values.proto}`);
  if (values["use-listen-fd"]) throw new Error("-use-listen-fd is not supported");
  await using kernel = spawnKernel();
  const proxy = await startProxy(kernel, {
    hostIp: values["host-ip"],
    hostPort: values["host-port"],
    containerIp: values["container-ip"],
    containerPort: values["container-port"],
  });
  report("0\n");
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
  });
  await proxy.stop();
  return 0;
}

/** Tells the caller, where it listens. */
function report(text: string): void {
  try {
    writeSync(STATUS_FD, text);
  } catch {
    // No status pipe: run by hand.
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  report(`1\n${messageOf(error)}`);
  console.error(`rt-docker-proxy: ${messageOf(error)}`);
  process.exitCode = 1;
}
