/**
 * The container's view of its cgroups at a mount of type `cgroup`.
 *
 * | hierarchy | own cgroup namespace | host's |
 * |---|---|---|
 * | v2 | cgroup2 | the container's cgroup, bound |
 * | v1, hybrid | a tmpfs with one cgroup mount per hierarchy | a tmpfs with the container's cgroups bound |
 *
 * Source: opencontainers/runc libcontainer/rootfs_linux.go `mountCgroupV1`, `mountCgroupV2`.
 *
 * @module
 */
import { basename } from "node:path";
import type { CgroupLayout } from "../cgroups/layout.ts";
import type { CgroupPaths } from "../cgroups/path.ts";
import { MOUNT_ATTR } from "../init/linux.ts";
import type { Operand, ProgramBuilder } from "../launch/program.ts";
import { emitMount, setAttributes } from "./mount.ts";
import { type MountOptions, parseMountOptions } from "./mount_options.ts";
import { makeDirectory } from "./target.ts";

/** What {@linkcode emitCgroupMount} depends on. */
export interface CgroupMountPlan {
  readonly destination: string;
  readonly options: MountOptions;
  readonly layout: CgroupLayout;
  /** The container's cgroups. */
  readonly paths: CgroupPaths;
  /** Whether the container has a cgroup namespace of its own. */
  readonly ownNamespace: boolean;
}

/** Emits the mount. */
export function emitCgroupMount(p: ProgramBuilder, root: Operand, plan: CgroupMountPlan): void {
  if (plan.layout.mode === "v2") emitUnified(p, root, plan);
  else emitV1(p, root, plan);
}

function emitUnified(p: ProgramBuilder, root: Operand, plan: CgroupMountPlan): void {
  const { destination, options } = plan;
  const common = { destination, kind: "directory" } as const;
  const tree = plan.ownNamespace
    ? emitMount(p, root, {
        ...common,
        type: "cgroup2",
        source: "cgroup",
        options: { ...options, superblock: [] },
      })
    : emitMount(p, root, {
        ...common,
        type: "bind",
        source: plan.paths[""] ?? "",
        options: { ...options, bind: "one", data: [] },
      });
  p.sys("close", [tree]);
}

function emitV1(p: ProgramBuilder, root: Operand, plan: CgroupMountPlan): void {
  const closed = MOUNT_ATTR.nosuid | MOUNT_ATTR.nodev | MOUNT_ATTR.noexec;
  const readonly = plan.options.set & MOUNT_ATTR.rdonly;
  const kind = "directory" as const;
  const base = emitMount(p, root, {
    destination: plan.destination,
    type: "tmpfs",
    source: "tmpfs",
    options: {
      ...parseMountOptions(["nosuid", "nodev", "noexec", "mode=755"]),
      propagation: plan.options.propagation,
    },
    kind,
  });
  for (const { mountpoint, controllers } of plan.layout.v1) {
    const path = controllers.map((name) => plan.paths[name]).find((p) => p !== undefined);
    if (path === undefined) continue;
    const name = basename(mountpoint);
    const destination = `${plan.destination}/${name}`;
    const tree = plan.ownNamespace
      ? emitMount(p, root, {
          destination,
          type: "cgroup",
          source: controllers.includes("name=systemd") ? "systemd" : "cgroup",
          options: { ...parseMountOptions(controllerOptions(controllers)), set: closed | readonly },
          kind,
        })
      : emitMount(p, root, {
          destination,
          type: "bind",
          source: path,
          options: { ...plan.options, bind: "recursive", data: [] },
          kind,
        });
    p.sys("close", [tree]);
    if (controllers.length > 1) emitAliases(p, root, plan.destination, name, controllers);
  }
  if (readonly !== 0)
    setAttributes(p, base, { set: MOUNT_ATTR.rdonly }, `make ${plan.destination} read-only`);
  p.sys("close", [base]);
}

/** Options that select a hierarchy: `memory`, or `none,name=systemd`. */
function controllerOptions(controllers: readonly string[]): string[] {
  return controllers.some((c) => c.startsWith("name=")) ? ["none", ...controllers] : [...controllers];
}

/** `cpu` and `cpuacct` beside `cpu,cpuacct`. */
function emitAliases(
  p: ProgramBuilder,
  root: Operand,
  destination: string,
  name: string,
  controllers: readonly string[],
): void {
  const directory = makeDirectory(p, { root, path: destination, name: `open ${destination}` });
  for (const controller of controllers) {
    p.sys("symlinkat", [p.cstring(name), directory, p.cstring(controller)], {
      tolerate: ["EEXIST"],
      name: `link ${destination}/${controller}`,
    });
  }
  p.sys("close", [directory]);
}
