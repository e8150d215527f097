/**
 * Mounts of a container: each made through descriptors, then moved onto a target resolved inside the root.
 *
 * Source: fsopen(2), fsconfig(2), fsmount(2), open_tree(2), move_mount(2), mount_setattr(2); which places below
 * /proc may be covered: opencontainers/runc libcontainer/rootfs_linux.go `checkProcMount`.
 *
 * @module
 */
import { AT, AT_FDCWD, FSCONFIG, MOUNT, PROC_SUPER_MAGIC } from "../init/linux.ts";
import type { Operand, ProgramBuilder, Slot } from "../launch/program.ts";
import type { Data } from "../launch/program_data.ts";
import type { MountOptions } from "./mount_options.ts";
import { ensureTarget } from "./target.ts";

/** Places inside procfs that a mount may cover, as LXCFS does. */
const COVERABLE_PROC: ReadonlySet<string> = new Set([
  "/proc/cpuinfo",
  "/proc/diskstats",
  "/proc/meminfo",
  "/proc/stat",
  "/proc/swaps",
  "/proc/uptime",
  "/proc/loadavg",
  "/proc/slabinfo",
  "/proc/net/dev",
  "/proc/sys/kernel/ns_last_pid",
  "/proc/sys/crypto/fips_enabled",
]);

/** One mount, as {@linkcode emitMount} wants it. */
export interface MountPlan {
  /** Where to, inside the root; absolute. */
  readonly destination: string;
  /** File system type; `bind` for bind mounts. */
  readonly type: string;
  /** What is mounted; for a bind mount an absolute path of the host. */
  readonly source: string;
  /** What its options say. */
  readonly options: MountOptions;
  /** What the target has to be. */
  readonly kind: "directory" | "file";
}

/**
 * Emits one mount below `root`; the result is a slot with the mount's own descriptor.
 *
 * @param opened What {@linkcode cloneTree} gave, if the source had to be opened earlier.
 */
export function emitMount(p: ProgramBuilder, root: Operand, plan: MountPlan, opened?: Slot): Slot {
  const name = `mount ${plan.source} on ${plan.destination}`;
  const tree = opened ?? (plan.options.bind === "no" ? newFilesystem(p, plan, name) : cloneTree(p, plan));
  const strict = plan.type === "proc" || plan.type === "sysfs";
  const target = ensureTarget(
    p,
    { root, path: plan.destination, noSymlinks: strict, name: `open mount target ${plan.destination}` },
    plan.kind,
  );
  if (plan.type !== "proc" && !COVERABLE_PROC.has(plan.destination))
    refuseProcfs(p, target, plan.destination);
  attach(p, tree, target, name);
  setPropagation(p, tree, plan.options.propagation, name);
  p.sys("close", [target]);
  return tree;
}

/** Moves the detached mount `tree` onto `target`. */
export function attach(p: ProgramBuilder, tree: Operand, target: Operand, name: string): void {
  const empty = p.cstring("");
  p.sys("move_mount", [tree, empty, target, empty, MOUNT.moveFromEmpty | MOUNT.moveToEmpty], { name });
}

/** `struct mount_attr`. */
function mountAttr(p: ProgramBuilder, set: number, clear: number, propagation = 0): Data {
  return p.struct(32).u64(0, set).u64(8, clear).u64(16, propagation).data;
}

/** Changes attributes of the mount that `fd` is the root of. */
export function setAttributes(
  p: ProgramBuilder,
  fd: Operand,
  attributes: { readonly set: number; readonly clear?: number; readonly recursive?: boolean },
  name: string,
): void {
  if (attributes.set === 0 && (attributes.clear ?? 0) === 0) return;
  const flags = AT.emptyPath | (attributes.recursive === true ? AT.recursive : 0);
  const attr = mountAttr(p, attributes.set, attributes.clear ?? 0);
  p.sys("mount_setattr", [fd, p.cstring(""), flags, attr, 32], { name });
}

/** Changes the propagation of the mount that `fd` is the root of. */
export function setPropagation(
  p: ProgramBuilder,
  fd: Operand,
  changes: readonly number[],
  name: string,
): void {
  for (const change of changes) {
    const recursive = (change & 0x4000) !== 0;
    const attr = mountAttr(p, 0, 0, change & ~0x4000);
    const flags = AT.emptyPath | (recursive ? AT.recursive : 0);
    p.sys("mount_setattr", [fd, p.cstring(""), flags, attr, 32], { name });
  }
}

/** A new instance of a file system, detached. */
export function newFilesystem(
  p: ProgramBuilder,
  plan: Pick<MountPlan, "type" | "source" | "options">,
  name: string,
): Slot {
  const { options } = plan;
  const fs = p.sys("fsopen", [p.cstring(plan.type), MOUNT.fsopenCloexec], { name });
  const set = (key: string, value: string) =>
    p.sys("fsconfig", [fs, FSCONFIG.string, p.cstring(key), p.cstring(value), 0], { name });
  const flag = (key: string) => p.sys("fsconfig", [fs, FSCONFIG.flag, p.cstring(key), 0, 0], { name });
  if (plan.source !== "") set("source", plan.source);
  for (const key of options.superblock) flag(key);
  for (const word of options.data) {
    const equals = word.indexOf("=");
    if (equals < 0) flag(word);
    else set(word.slice(0, equals), word.slice(equals + 1));
  }
  p.sys("fsconfig", [fs, FSCONFIG.create, 0, 0, 0], { name });
  const mount = p.slot();
  p.sys("fsmount", [fs, MOUNT.fsmountCloexec, options.set], { into: mount, name });
  p.sys("close", [fs]);
  setAttributes(
    p,
    mount,
    { set: options.recursiveSet, clear: options.recursiveClear, recursive: true },
    name,
  );
  return mount;
}

/** A copy of a mount of the host, detached. */
export function cloneTree(p: ProgramBuilder, plan: MountPlan): Slot {
  const { options } = plan;
  const name = `mount ${plan.source} on ${plan.destination}`;
  const tree = p.slot();
  const flags = MOUNT.openTreeClone | 0o2000000 | (options.bind === "recursive" ? AT.recursive : 0);
  p.sys("open_tree", [AT_FDCWD, p.cstring(plan.source), flags], { into: tree, name });
  setAttributes(p, tree, { set: options.set, clear: options.clear }, name);
  setAttributes(p, tree, { set: options.recursiveSet, clear: options.recursiveClear, recursive: true }, name);
  return tree;
}

/** Fails if `target` lies in procfs. */
function refuseProcfs(p: ProgramBuilder, target: Operand, destination: string): void {
  const statfs = p.bss(120);
  p.sys("fstatfs", [target, statfs], { name: `inspect mount target ${destination}` });
  const type = p.load("u64", statfs);
  p.when("eq", type, PROC_SUPER_MAGIC, () => {
    p.fail(`mount on ${destination}: it is inside /proc`, 1);
  });
}
