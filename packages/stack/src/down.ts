/**
 * `down`: undoes `up`: containers, daemons, task services, monitors, mounts, network namespaces, link and rules.
 *
 * It works from what /proc and the mount table show, so it also clears up after daemons that died.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { StackPaths } from "./paths.ts";
import { stackPaths } from "./paths.ts";
import { isAlive, stackProcesses } from "./processes.ts";
import { daemonPid } from "./up.ts";
import { answers, waitFor } from "./wait.ts";

/** How to take a stack down. */
export interface DownOptions {
  readonly root: string;
  /** Also delete everything below the root: images, volumes, logs. */
  readonly remove?: boolean;
}

/** Ends the stack at `root`; resolves when nothing of it runs or is mounted. */
export async function down(options: DownOptions): Promise<void> {
  const paths = stackPaths(options.root);
  if (await answers(paths.dockerSocket)) await removeContainers(paths);
  for (const name of ["rt-cri", "rt-dockerd", "rt-containerd"]) await stopDaemon(paths, name);
  await endProcesses(paths);
  unmountBelow(paths.root);
  removeLinkAndRules(paths);
  removeCgroups(paths);
  for (const made of [paths.pids, paths.settings, paths.containerdState, paths.dockerExec])
    rmSync(made, { recursive: true, force: true });
  if (options.remove === true) rmSync(paths.root, { recursive: true, force: true });
}

/** `docker rm -f` of every container, by the Engine API. */
async function removeContainers(paths: StackPaths): Promise<void> {
  const list = JSON.parse(await engine(paths, "GET", "/containers/json?all=1")) as { Id: string }[];
  await Promise.all(list.map((c) => engine(paths, "DELETE", `/containers/${c.Id}?force=1&v=1`)));
}

function engine(paths: StackPaths, method: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const req = request({ socketPath: paths.dockerSocket, method, path, timeout: 15_000 }, async (res) => {
      let body = "";
      for await (const chunk of res.setEncoding("utf8")) body += chunk;
      if ((res.statusCode ?? 500) < 400) resolve(body);
      else reject(new Error(`${method} ${path}: ${res.statusCode} ${body.trim()}`));
    });
    req.once("timeout", () => req.destroy(new Error(`${method} ${path}: no answer in 15 s`)));
    req.once("error", reject);
    req.end();
  });
}

async function stopDaemon(paths: StackPaths, name: string): Promise<void> {
  const pid = daemonPid(paths, name);
  if (pid === undefined) return;
  process.kill(pid, "SIGTERM");
  await waitFor(`cannot stop ${name} (${pid})`, () => !isAlive(pid), 10_000).catch(() =>
    process.kill(pid, "SIGKILL"),
  );
}

/** Ends what is left: SIGTERM once, then SIGKILL until nothing shows. */
async function endProcesses(paths: StackPaths): Promise<void> {
  for (let round = 0; round < 100; round++) {
    const left = stackProcesses(paths.root);
    if (left.length === 0) return;
    for (const p of left) signal(p.pid, round < 20 ? "SIGTERM" : "SIGKILL");
    await sleep(50);
  }
  throw new Error(
    `cannot end ${stackProcesses(paths.root)
      .map((p) => `${p.comm} (${p.pid})`)
      .join(", ")}`,
  );
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself.
  }
}

/** Mount points at or below `root`, deepest first. */
export function mountsBelow(root: string): string[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((m) => m === root || m.startsWith(`${root}/`))
    .sort((a, b) => b.length - a.length);
}

function unmountBelow(root: string): void {
  for (const mount of mountsBelow(root)) execFileSync("umount", ["-l", mount]);
}

/** The cgroups of the containers, also of those whose daemons died, and their parent. */
function removeCgroups(paths: StackPaths): void {
  const mount = "/sys/fs/cgroup";
  const below = (dir: string): string[] =>
    readdirSync(dir, { withFileTypes: true })
      .filter((e) => e.isDirectory())
      .map((e) => join(dir, e.name));
  const remove = (dir: string): void => {
    for (const child of below(dir)) remove(child);
    rmdirSync(dir);
  };
  for (const dir of [mount, ...below(mount)]) {
    const own = join(dir, paths.cgroup);
    if (existsSync(own)) remove(own);
  }
}

function removeLinkAndRules(paths: StackPaths): void {
  if (existsSync(`/sys/class/net/${paths.bridge}`)) execFileSync("ip", ["link", "delete", paths.bridge]);
  for (const family of ["ip", "ip6", "inet"]) {
    try {
      execFileSync("nft", ["delete", "table", family, paths.bridge], { stdio: "ignore" });
    } catch {
      // There was none, or no nft.
    }
  }
}
