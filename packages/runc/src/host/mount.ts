/**
 * Mounts on the host, as containerd's snapshotters describe them, and their removal.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { LaunchError } from "../errors.ts";
import type { Label } from "../launch/program.ts";
import { ProgramBuilder } from "../launch/program.ts";
import type { Kernel } from "./kernel.ts";
import type { MountOptions } from "./mount_options.ts";
import { MS, parseMountOptions } from "./mount_options.ts";
import { run } from "./run.ts";

/** One mount. */
export interface Mount {
  /** File system type, `bind` or empty for bind mounts. */
  readonly type: string;
  /** What is mounted: a path, a device, or a name that means nothing. */
  readonly source: string;
  /** Where, absolute; it must exist. */
  readonly target: string;
  /** Option words. */
  readonly options?: readonly string[];
}

/** Options of {@linkcode unmount}. */
export interface UnmountOptions {
  /** Take it out of the tree now, end it when nobody uses it (MNT_DETACH). @default {false} */
  readonly detach?: boolean;
  /** Also everything mounted below. @default {false} */
  readonly recursive?: boolean;
}

/** The kernel takes one page of options, the terminator included. Bytes. */
const DATA_MAX = 4096;
const AT_FDCWD = -100;
const [FSCONFIG_SET_FLAG, FSCONFIG_SET_STRING, FSCONFIG_CMD_CREATE] = [0, 1, 6];
const [FSOPEN_CLOEXEC, FSMOUNT_CLOEXEC, MOVE_MOUNT_F_EMPTY_PATH] = [1, 1, 4];
const [MNT_DETACH, UMOUNT_NOFOLLOW] = [2, 8];
/** Flags that a bind mount takes only by a second, remounting call. */
const REMOUNT_FLAGS =
  MS.RDONLY |
  MS.NOSUID |
  MS.NODEV |
  MS.NOEXEC |
  MS.NOATIME |
  MS.NODIRATIME |
  MS.RELATIME |
  MS.STRICTATIME |
  MS.NOSYMFOLLOW;
/** Flags of a mount, as the attributes of fsmount(2). */
const MOUNT_ATTR: readonly (readonly [number, number])[] = [
  [MS.RDONLY, 1],
  [MS.NOSUID, 2],
  [MS.NODEV, 4],
  [MS.NOEXEC, 8],
  [MS.NOATIME, 0x10],
  [MS.STRICTATIME, 0x20],
  [MS.NODIRATIME, 0x80],
  [MS.NOSYMFOLLOW, 0x200000],
];

/**
 * Mounts one or several, in order, in one launch.
 *
 * @throws {SyscallError} naming the mount that failed; those before it stay.
 * @throws {LaunchError} `INVALID_ARGUMENT` if the options are too long for the kernel.
 */
export async function mount(kernel: Kernel, mounts: Mount | readonly Mount[]): Promise<void> {
  const p = new ProgramBuilder();
  for (const one of Array.isArray(mounts) ? (mounts as readonly Mount[]) : [mounts as Mount])
    addMount(p, one);
  await run(kernel, p.build());
}

/**
 * Removes what is mounted at `target`; nothing there is not an error.
 *
 * @throws {SyscallError} `FAILED_PRECONDITION` (EBUSY) if it is in use and `detach` is not set.
 */
export async function unmount(kernel: Kernel, target: string, options: UnmountOptions = {}): Promise<void> {
  const p = new ProgramBuilder();
  const flags = UMOUNT_NOFOLLOW | (options.detach === true ? MNT_DETACH : 0);
  const points =
    options.recursive === true
      ? mountPointsBelow(readFileSync("/proc/self/mountinfo", "utf8"), target)
      : [target];
  for (const point of points) {
    p.sys("umount2", [p.cstring(point), flags], { name: `unmount ${point}`, tolerate: ["EINVAL", "ENOENT"] });
  }
  await run(kernel, p.build());
}

/** The mount points at and below `target` in the text of a mountinfo file, last mounted first. */
export function mountPointsBelow(mountinfo: string, target: string): string[] {
  const root = target.length > 1 ? target.replace(/\/+$/, "") : target;
  const points: string[] = [];
  for (const line of mountinfo.split("\n")) {
    const point = line
      .split(" ")[4]
      ?.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));
    if (point === root || point?.startsWith(root === "/" ? "/" : `${root}/`)) points.push(point);
  }
  return points.reverse();
}

/** Adds the steps of one mount to a program. */
export function addMount(p: ProgramBuilder, mount: Mount): void {
  const options = parseMountOptions(mount.options ?? []);
  const name = `mount ${mount.type || "bind"} on ${mount.target}`;
  const data = options.data.join(",");
  const target = p.cstring(mount.target);
  const flags = options.flags | (mount.type === "bind" ? MS.BIND : 0);
  if (Buffer.byteLength(data) >= DATA_MAX) addLongOverlay(p, mount, options, name);
  else {
    const bind = (flags & (MS.BIND | MS.REMOUNT)) === MS.BIND;
    const type = bind || mount.type === "" ? null : p.cstring(mount.type);
    p.sys(
      "mount",
      [p.cstring(mount.source), target, type, bind ? flags & (MS.BIND | MS.REC) : flags, p.cstring(data)],
      {
        name,
      },
    );
    if (bind && (flags & REMOUNT_FLAGS) !== 0) {
      const again = MS.BIND | MS.REMOUNT | (flags & REMOUNT_FLAGS);
      p.sys("mount", [null, target, null, again, null], { name: `re${name}` });
    }
  }
  for (const change of options.propagation) {
    p.sys("mount", [null, target, null, change, null], { name: `set propagation of ${mount.target}` });
  }
}

/**
 * An overlay whose options are longer than a page: one fsconfig call per layer (Linux 6.8); before that, from the
 * layers' common directory with relative names, if that makes them short enough.
 */
function addLongOverlay(p: ProgramBuilder, mount: Mount, options: MountOptions, name: string): void {
  if (mount.type !== "overlay") {
    throw new LaunchError(
      "INVALID_ARGUMENT",
      `cannot ${name}: options are longer than ${DATA_MAX - 1} bytes`,
    );
  }
  const [older, done] = [p.label(), p.label()];
  const fs = p.sys("fsopen", [p.cstring("overlay"), FSOPEN_CLOEXEC], {
    name,
    onErrno: { errnos: ["ENOSYS"], goto: older },
  });
  for (const [key, value] of overlayParameters(options.data)) {
    const command = value === undefined ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
    const text = value === undefined ? null : p.cstring(value);
    const isLayer = key === "lowerdir+";
    p.sys("fsconfig", [fs, command, p.cstring(key), text, 0], {
      name: `${name}, option ${key}`,
      ...(isLayer ? { onErrno: { errnos: ["EINVAL"], goto: older } } : {}),
    });
  }
  p.sys("fsconfig", [fs, FSCONFIG_SET_STRING, p.cstring("source"), p.cstring(mount.source || "overlay"), 0], {
    name,
  });
  p.sys("fsconfig", [fs, FSCONFIG_CMD_CREATE, null, null, 0], { name });
  const attributes = MOUNT_ATTR.reduce(
    (sum, [flag, attribute]) => ((options.flags & flag) !== 0 ? sum | attribute : sum),
    0,
  );
  const made = p.sys("fsmount", [fs, FSMOUNT_CLOEXEC, attributes], { name });
  p.sys("move_mount", [made, p.cstring(""), AT_FDCWD, p.cstring(mount.target), MOVE_MOUNT_F_EMPTY_PATH], {
    name,
  });
  p.sys("close", [made]);
  p.sys("close", [fs]);
  p.jump(done);
  p.place(older);
  addRelativeOverlay(p, mount, options, name, done);
  p.place(done);
}

function* overlayParameters(data: readonly string[]): Generator<[string, string | undefined]> {
  for (const option of data) {
    const at = option.indexOf("=");
    if (at < 0) yield [option, undefined];
    else if (!option.startsWith("lowerdir=")) yield [option.slice(0, at), option.slice(at + 1)];
    else for (const layer of option.slice(at + 1).split(":")) yield ["lowerdir+", layer];
  }
}

function addRelativeOverlay(
  p: ProgramBuilder,
  mount: Mount,
  options: MountOptions,
  name: string,
  done: Label,
): void {
  const lower =
    options.data.find((option) => option.startsWith("lowerdir="))?.slice("lowerdir=".length) ?? "";
  const layers = lower.split(":");
  const common = layers.reduce(commonDirectory);
  const short = layers.map((layer) => layer.slice(common.length) || ".").join(":");
  const data = options.data.map((o) => (o.startsWith("lowerdir=") ? `lowerdir=${short}` : o)).join(",");
  const tooBig = 7; // E2BIG
  if (common === "" || Buffer.byteLength(data) >= DATA_MAX) p.fail(`${name}: too many layers`, tooBig);
  else {
    p.sys("chdir", [p.cstring(common)], { name: `enter ${common}` });
    const args = [
      p.cstring(mount.source),
      p.cstring(mount.target),
      p.cstring("overlay"),
      options.flags,
      p.cstring(data),
    ];
    p.sys("mount", args, { name });
    p.sys("chdir", [p.cstring("/")]);
    p.jump(done);
  }
}

/** The longest common start of two absolute paths that ends in a slash. */
function commonDirectory(a: string, b: string): string {
  let length = 0;
  for (let i = 0; i < a.length && a[i] === b[i]; i++) if (a[i] === "/") length = i + 1;
  return a.slice(0, length);
}
