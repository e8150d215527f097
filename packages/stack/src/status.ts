/**
 * `status` and `logs`: what runs of a stack, and what its daemons said.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { daemons } from "./daemons.ts";
import type { StackPaths } from "./paths.ts";
import { daemonPid, readSettings } from "./up.ts";
import { answers } from "./wait.ts";

/** One line per daemon: name, pid or `down`, socket. */
export async function status(paths: StackPaths): Promise<string[]> {
  const settings = readSettings(paths);
  if (settings === undefined) return [`no stack at ${paths.root}`];
  const lines: string[] = [];
  for (const d of daemons(paths, settings)) {
    const pid = daemonPid(paths, d.name);
    const state =
      pid === undefined ? "down" : (await answers(d.socket)) ? `up (${pid})` : `starting (${pid})`;
    lines.push(`${d.name.padEnd(14)} ${state.padEnd(16)} ${d.socket}`);
  }
  return lines;
}

/** The shell lines that point the peers' clients at the stack. */
export function exportLines(paths: StackPaths): string[] {
  return [
    `export DOCKER_HOST=unix://${paths.dockerSocket}`,
    `export CONTAINERD_ADDRESS=${paths.containerdSocket}`,
    `export CONTAINER_RUNTIME_ENDPOINT=unix://${paths.criSocket}`,
  ];
}

/** The last `count` lines of each daemon's log, each under its name. */
export function logLines(paths: StackPaths, count: number): string[] {
  return ["rt-containerd", "rt-dockerd", "rt-cri"].flatMap((name) => {
    const file = join(paths.logs, `${name}.log`);
    if (!existsSync(file)) return [];
    const text = readFileSync(file, "utf8").trimEnd();
    return text === "" ? [] : [`== ${name}`, ...text.split("\n").slice(-count)];
  });
}
