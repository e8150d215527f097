/**
 * The cgroups of a container on cgroup v1, and on hybrid machines.
 *
 * @module
 */
import type { CgroupFs } from "../../host/cgroup_fs.ts";
import { readAllPids, readKeyed, readPids, writeLimit } from "../files.ts";
import { killByEngine, killFrozen } from "../kill_all.ts";
import type { CgroupLayout } from "../layout.ts";
import type { CgroupJoin, CgroupManager } from "../manager.ts";
import type { CgroupPaths } from "../path.ts";
import { removeCgroup } from "../remove.ts";
import { subCgroup } from "../sub_path.ts";
import { needController, readV1, setV1 } from "./controllers.ts";
import { createV1 } from "./create.ts";
import { freezerStateV1, freezeV1, thawV1 } from "./freezer.ts";

function joinV1(paths: CgroupPaths, sub: string): CgroupJoin {
  const dirs = new Set(Object.entries(paths).flatMap(([name, dir]) => (name === "" ? [] : [dir])));
  const tasks = [...dirs].map((dir) => `${subCgroup(dir, sub)}/tasks`);
  if (paths[""] === undefined) return { tasks };
  const dir = subCgroup(paths[""], sub);
  return { tasks, unified: { dir, procs: `${dir}/cgroup.procs` } };
}

/** Kills by the unified hierarchy's `cgroup.kill` if that reaches every process; false if it does not. */
function killUnified(fs: CgroupFs, paths: CgroupPaths, pids: readonly number[]): boolean {
  const unified = paths[""];
  if (unified === undefined || !fs.exists(`${unified}/cgroup.kill`)) return false;
  const there = new Set(readAllPids(fs, unified));
  if (!pids.every((pid) => there.has(pid))) return false;
  writeLimit(fs, unified, "cgroup.kill", "cgroup kill", 1);
  // A process that v1's freezer stopped does not die before it is thawed.
  if (paths.freezer !== undefined && freezerStateV1(fs, paths.freezer) !== "undefined")
    thawV1(fs, paths.freezer);
  return true;
}

/** The cgroups at `paths`, one directory per controller. */
export function cgroupsV1(fs: CgroupFs, layout: CgroupLayout, paths: CgroupPaths): CgroupManager {
  const need = (name: string, verb: string): string => needController(paths, name, verb);
  const manager: CgroupManager = {
    version: 1,
    paths,
    create: (resources) => createV1(fs, layout, paths, resources),
    join: (sub = "") => joinV1(paths, sub),
    set: (resources) => setV1(fs, paths, resources),
    deviceFilter: () => undefined,
    stats: () => readV1(fs, paths),
    freeze: (options) => freezeV1(fs, need("freezer", "freeze cgroup"), options),
    thaw: () => thawV1(fs, need("freezer", "thaw cgroup")),
    freezerState: () => (paths.freezer === undefined ? "undefined" : freezerStateV1(fs, paths.freezer)),
    pids: () => readPids(fs, need("devices", "list processes")),
    allPids: () => readAllPids(fs, need("devices", "list processes")),
    oomKills() {
      if (paths.memory === undefined) return 0n;
      return readKeyed(fs, paths.memory, "memory.oom_control")?.oom_kill ?? 0n;
    },
    async killAll(kill = killByEngine) {
      if (!killUnified(fs, paths, manager.allPids())) await killFrozen(manager, kill);
    },
    exists: () => fs.exists(need("devices", "find cgroup")),
    async destroy(options) {
      const dirs = [...new Set(Object.values(paths))];
      const results = await Promise.allSettled(dirs.map((dir) => removeCgroup(fs, dir, options)));
      for (const result of results) if (result.status === "rejected") throw result.reason;
    },
  };
  return manager;
}
