/**
 * Facts of the host that `docker info` shows.
 *
 * Source: moby `daemon/info.go`, `pkg/sysinfo`.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { availableParallelism, hostname, release, totalmem } from "node:os";
import { capabilitiesOf } from "../container/capabilities.ts";

/** What the host is and can do. */
export interface HostFacts {
  readonly hostname: string;
  readonly kernelVersion: string;
  /** Name of the distribution. */
  readonly operatingSystem: string;
  readonly osVersion: string;
  /** As uname names it, e.g. `x86_64`. */
  readonly machine: string;
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  readonly cgroupVersion: "1" | "2";
  readonly ipForward: boolean;
  /** Controllers that limits can use. */
  readonly controllers: ReadonlySet<string>;
  readonly swapAccounting: boolean;
  /** Capabilities that the engine has. */
  readonly capabilities: readonly string[];
}

/** uname's name of the processor. */
export function machineName(arch: string): string {
  if (arch === "x64") return "x86_64";
  return arch === "arm64" ? "aarch64" : arch;
}

/** Reads the facts. */
export async function readHostFacts(): Promise<HostFacts> {
  const text = (path: string): Promise<string> => readFile(path, "utf8").catch(() => "");
  const unified = existsSync("/sys/fs/cgroup/cgroup.controllers");
  const [status, osRelease, forward, controllers] = await Promise.all([
    text("/proc/self/status"),
    text("/etc/os-release"),
    text("/proc/sys/net/ipv4/ip_forward"),
    unified
      ? text("/sys/fs/cgroup/cgroup.controllers").then((line) => line.trim().split(" "))
      : readdir("/sys/fs/cgroup").catch(() => []),
  ]);
  const field = (name: string): string =>
    new RegExp(`^${name}=(.*)$`, "m").exec(osRelease)?.[1]?.replace(/^"|"$/g, "") ?? "";
  return {
    hostname: hostname(),
    kernelVersion: release(),
    operatingSystem: field("PRETTY_NAME") || "Linux",
    osVersion: field("VERSION_ID"),
    machine: machineName(process.arch),
    cpus: availableParallelism(),
    memory: totalmem(),
    capabilities: capabilitiesOf(/^CapPrm:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? ""),
    cgroupVersion: unified ? "2" : "1",
    ipForward: forward.trim() === "1",
    controllers: new Set(controllers.flatMap((c) => c.split(","))),
    swapAccounting: unified || existsSync("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes"),
  };
}
