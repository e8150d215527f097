/**
 * Killing every process of a cgroup where the kernel cannot do it by itself (`cgroup.kill`, Linux 5.14, v2).
 *
 * Source: opencontainers/runc libcontainer/init_linux.go `signalAllProcesses`.
 *
 * @module
 */
import { kill as killProcess } from "node:process";
import { errnoOf } from "../host/cgroup_fs.ts";
import type { KillProcess } from "./manager.ts";

const SIGKILL = 9;

/** Kills by the engine's kill(2). */
export const killByEngine: KillProcess = (pid, signal) => {
  killProcess(pid, signal);
};

/** What the walk needs of a cgroup. */
export interface KillTarget {
  freeze(): Promise<void>;
  thaw(): void;
  allPids(): number[];
}

/** Freezes, kills each process, thaws: nothing can fork in between. A freezer that does not work is no obstacle. */
export async function killFrozen(target: KillTarget, kill: KillProcess): Promise<void> {
  const frozen = await target.freeze().then(
    () => true,
    () => false,
  );
  try {
    for (const pid of target.allPids()) killOne(pid, kill);
  } finally {
    if (frozen) target.thaw();
  }
}

function killOne(pid: number, kill: KillProcess): void {
  if (pid <= 1) return; // 0 is a process of another pid namespace
  try {
    kill(pid, SIGKILL);
  } catch (err) {
    if (errnoOf(err) !== "ESRCH") throw err;
  }
}
