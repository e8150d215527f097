/**
 * Where a container's cgroups are: from `linux.cgroupsPath` to one directory per controller.
 *
 * | cgroupsPath | v1 | v2 |
 * |---|---|---|
 * | `/a/b` | `<mount>/a/b` | `<mount>/a/b` |
 * | `a/b` | `<mount>/<own cgroup>/a/b` | `<mount>/<parent of own cgroup>/a/b` |
 * | empty | as `<id>` | as `<id>` |
 *
 * "Own" is relative to the mounted root, so that nested containers without a cgroup namespace find their way.
 * Source: opencontainers/cgroups fs/paths.go, fs2/defaultpath.go, internal/path/path.go.
 *
 * @module
 */
import { CgroupError } from "./cgroup_error.ts";
import type { CgroupLayout, CgroupMount } from "./layout.ts";

/** Directories by controller, in the order they are made; the unified hierarchy's under "". */
export type CgroupPaths = Readonly<Record<string, string>>;

/** Controllers that a container joins where they are mounted (v1), in runc's order. */
const V1_CONTROLLERS: readonly string[] =
  "cpuset devices memory cpu cpuacct pids blkio hugetlb net_cls net_prio perf_event freezer rdma name=systemd misc".split(
    " ",
  );

/** Removes `.`, `..` and empty parts; nothing climbs above the top. Keeps whether the path is absolute. */
export function cleanCgroupPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return (path.startsWith("/") ? "/" : "") + parts.join("/");
}

function join(...parts: readonly string[]): string {
  return cleanCgroupPath(`/${parts.join("/")}`);
}

/** `own` as seen below a mount whose root is `root`; the top if it is not below it. */
function below(root: string, own: string): string {
  if (root === "/") return own;
  return own === root || own.startsWith(`${root}/`) ? own.slice(root.length) : "/";
}

/**
 * The directories of a container.
 *
 * @throws {CgroupError} `FAILED_PRECONDITION` if there is no hierarchy at all, or on v1 none with `devices`, without
 * which a container would have every device; `INVALID_ARGUMENT` if the path has a NUL or newline in it.
 */
export function resolveCgroupPaths(layout: CgroupLayout, cgroupsPath: string, id: string): CgroupPaths {
  const inner = cleanCgroupPath(cgroupsPath) || cleanCgroupPath(id);
  if (/[\0\n]/.test(inner)) {
    throw new CgroupError("INVALID_ARGUMENT", `cannot resolve cgroup path ${JSON.stringify(inner)}`);
  }
  return layout.mode === "v2" ? unifiedPath(layout, inner) : v1Paths(layout, inner);
}

function unifiedPath(layout: CgroupLayout, inner: string): CgroupPaths {
  const mount = layout.unified;
  if (mount === undefined) throw new CgroupError("FAILED_PRECONDITION", "no cgroup mount found in mountinfo");
  if (inner.startsWith("/")) return { "": join(mount.mountpoint, inner) };
  const own = join(below(mount.root, layout.own[""] ?? "/"), "..");
  return { "": join(mount.mountpoint, own, inner) };
}

function v1Paths(layout: CgroupLayout, inner: string): CgroupPaths {
  const paths: Record<string, string> = {};
  for (const name of V1_CONTROLLERS) {
    const mount = layout.v1.find((m) => m.controllers.includes(name));
    if (mount !== undefined)
      paths[name] = join(mount.mountpoint, parentOf(layout, mount, name, inner), inner);
    else if (name === "devices") {
      throw new CgroupError("FAILED_PRECONDITION", "mountpoint for devices not found");
    }
  }
  if (layout.unified !== undefined) paths[""] = join(layout.unified.mountpoint, inner);
  return paths;
}

function parentOf(layout: CgroupLayout, mount: CgroupMount, name: string, inner: string): string {
  return inner.startsWith("/") ? "/" : below(mount.root, layout.own[name] ?? "/");
}
