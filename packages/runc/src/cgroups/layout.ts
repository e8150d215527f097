/**
 * Which cgroup hierarchies a machine has, where they are mounted, and where this process is in them.
 *
 * Source: cgroups(7); proc(5) on /proc/PID/mountinfo and /proc/PID/cgroup.
 *
 * @module
 */
import type { CgroupFs } from "../host/cgroup_fs.ts";

/** One mounted hierarchy. */
export interface CgroupMount {
  /** Where it is mounted. */
  readonly mountpoint: string;
  /** Which of its cgroups is mounted there; `/` but for some containers. */
  readonly root: string;
  /** Controllers (v1), `name=…` included; empty for the unified hierarchy. */
  readonly controllers: readonly string[];
}

/** What a machine has. */
export interface CgroupLayout {
  /** `hybrid`: controllers on v1, and an additional unified hierarchy. */
  readonly mode: "v1" | "v2" | "hybrid";
  /** v1 hierarchies in mount order; empty for `v2`. */
  readonly v1: readonly CgroupMount[];
  /** The unified hierarchy. */
  readonly unified?: CgroupMount;
  /** This process's cgroups: path by controller, the unified one under "". */
  readonly own: Readonly<Record<string, string>>;
}

/** Words among a v1 mount's options that are not controllers. */
const NOT_CONTROLLERS: ReadonlySet<string> = new Set(
  "rw ro relatime nosuid nodev noexec xattr noprefix clone_children cpuset_v2_mode favordynmods none".split(
    " ",
  ),
);

/** Undoes mountinfo's octal escapes. */
function unescapePath(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Parses /proc/PID/mountinfo and /proc/PID/cgroup. */
export function parseCgroupLayout(mountinfo: string, cgroup: string): CgroupLayout {
  const v1: CgroupMount[] = [];
  let unified: CgroupMount | undefined;
  for (const line of mountinfo.split("\n")) {
    const [left = "", right] = line.split(" - ");
    const [type, , superOptions = ""] = (right ?? "").split(" ");
    if (type !== "cgroup" && type !== "cgroup2") continue;
    const fields = left.split(" ");
    const place = { mountpoint: unescapePath(fields[4] ?? ""), root: unescapePath(fields[3] ?? "/") };
    if (type === "cgroup2") unified ??= { ...place, controllers: [] };
    else v1.push({ ...place, controllers: superOptions.split(",").filter((o) => isController(o)) });
  }
  const mode = unified === undefined ? "v1" : v1.length === 0 ? "v2" : "hybrid";
  return { mode, v1, ...(unified === undefined ? {} : { unified }), own: parseOwnCgroups(cgroup) };
}

function isController(option: string): boolean {
  return !NOT_CONTROLLERS.has(option) && !option.startsWith("release_agent=");
}

/** Parses /proc/PID/cgroup: path by controller, the unified hierarchy's under "". */
export function parseOwnCgroups(text: string): Record<string, string> {
  const own: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const match = /^(\d+):([^:]*):(.*)$/.exec(line);
    if (match === null) continue;
    for (const controller of (match[2] ?? "").split(",")) own[controller] = match[3] ?? "/";
  }
  return own;
}

/** The layout of this machine as this process sees it. */
export function detectCgroupLayout(fs: CgroupFs): CgroupLayout {
  return parseCgroupLayout(fs.read("/proc/self/mountinfo"), fs.read("/proc/self/cgroup"));
}
