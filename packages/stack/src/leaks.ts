/**
 * What a stack may leave behind on a machine: a snapshot before, a snapshot after, and the difference.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type ProcessInfo, stackProcesses } from "./processes.ts";

/** Names of everything that could leak, by kind. */
export interface MachineState {
  readonly processes: readonly string[];
  readonly mounts: readonly string[];
  readonly cgroups: readonly string[];
  readonly links: readonly string[];
  readonly tables: readonly string[];
  readonly files: readonly string[];
}

/**
 * Takes the state that concerns the stack at `root`.
 *
 * While it is up (`daemons: "running"`) its daemons, their sockets and the containers' parent cgroup don't count;
 * once it is down everything does.
 */
export function machineState(root: string, daemons: "running" | "down" = "running"): MachineState {
  return {
    processes: processes(root, daemons === "down"),
    mounts: mounts(root),
    cgroups: cgroups(daemons === "down"),
    links: Object.values(readdirSync("/sys/class/net")).filter((n) => /^(veth|rtbr|docker|br-)/.test(n)),
    tables: nftTables(),
    files: runtimeFiles(root, daemons === "down"),
  };
}

/** What is in `after` but was not in `before`, one line each. */
export function leaks(before: MachineState, after: MachineState): string[] {
  return (Object.keys(after) as (keyof MachineState)[]).flatMap((kind) => {
    const had = new Set(before[kind]);
    return after[kind].filter((name) => !had.has(name)).map((name) => `${kind}: ${name}`);
  });
}

/** The processes; unless `whole`, without the daemons, which may have been restarted, and what they themselves hold. */
function processes(root: string, whole: boolean): string[] {
  const all = stackProcesses(root);
  const daemons = new Set(all.filter(isDaemon).map((p) => p.pid));
  return all
    .filter((p) => whole || (!daemons.has(p.pid) && !(daemons.has(p.ppid) && /-port$/.test(p.comm))))
    .map((p) => `${p.comm} ${p.pid} ${p.args.join(" ").slice(0, 120)}`);
}

/** A daemon, or the task service, which serves a namespace as long as anybody may need it. */
function isDaemon(p: ProcessInfo): boolean {
  return p.args.some((a) => /\/dist\/cli\/main\.js$/.test(a) || a.startsWith("containerd-shim-rt-v2 "));
}

function mounts(root: string): string[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((m) => m.startsWith(`${root}/`) || /netns/.test(m));
}

/** Container cgroups: below `docker`, `rt*` and `kubepods` of every hierarchy. */
function cgroups(whole: boolean): string[] {
  const found: string[] = [];
  const walk = (dir: string, depth: number): void => {
    for (const name of directories(dir)) {
      found.push(join(dir, name));
      if (depth > 0) walk(join(dir, name), depth - 1);
    }
  };
  for (const hierarchy of directories("/sys/fs/cgroup"))
    for (const top of directories(join("/sys/fs/cgroup", hierarchy)))
      if (/^(docker|rt|kubepods|default|moby|k8s)/.test(top)) {
        if (whole) found.push(join("/sys/fs/cgroup", hierarchy, top));
        walk(join("/sys/fs/cgroup", hierarchy, top), 2);
      }
  return found;
}

function directories(dir: string): string[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((e) => e.isDirectory())
      .map((e) => e.name);
  } catch {
    return [];
  }
}

function nftTables(): string[] {
  try {
    return execFileSync("nft", ["list", "tables"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
      .split("\n")
      .filter((l) => l !== "");
  } catch {
    return [];
  }
}

/** Files of running containers below the root: bundles, FIFOs, sockets of task services. Data and logs do not count. */
function runtimeFiles(root: string, whole: boolean): string[] {
  const found: string[] = [];
  // The task service's socket goes with the service, a little after its last container.
  const kept = new Set(["data", "log", ...(whole ? [] : ["ctd/s"])].map((d) => join(root, d)));
  const walk = (dir: string): void => {
    for (const name of entries(dir)) {
      const path = join(dir, name);
      if (kept.has(path)) continue;
      const s = statSync(path, { throwIfNoEntry: false });
      if (s?.isDirectory()) walk(path);
      else found.push(path);
    }
  };
  walk(root);
  return found;
}

function entries(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}
