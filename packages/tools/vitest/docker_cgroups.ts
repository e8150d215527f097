/**
 * Global set-up of system tests: removes the empty `docker` cgroups that daemons under test leave, as dockerd does.
 *
 * @module
 */
import { existsSync, readdirSync, rmdirSync, statSync } from "node:fs";
import { join } from "node:path";

const MOUNT = "/sys/fs/cgroup";

/** Paths of `docker` in every hierarchy. */
function places(): string[] {
  if (!existsSync(MOUNT)) return [];
  const hierarchies = readdirSync(MOUNT).filter((n) => statSync(join(MOUNT, n)).isDirectory());
  return [MOUNT, ...hierarchies.map((n) => join(MOUNT, n))].map((dir) => join(dir, "docker"));
}

/** Notes which are there already; the result takes the others away if nothing is in them. */
export default function setup(): () => void {
  const had = new Set(places().filter((p) => existsSync(p)));
  return () => {
    for (const path of places()) {
      if (had.has(path) || !existsSync(path)) continue;
      const inside = readdirSync(path, { withFileTypes: true }).filter((e) => e.isDirectory());
      if (inside.length > 0)
        throw new Error(`left behind: ${inside.map((e) => join(path, e.name)).join(", ")}`);
      rmdirSync(path);
    }
  };
}
