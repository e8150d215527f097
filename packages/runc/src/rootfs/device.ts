/**
 * Device nodes and links of /dev.
 *
 * Source: runtime-spec config-linux.md "Default Devices" and "Devices"; opencontainers/runc
 * libcontainer/specconv/spec_linux.go `AllowedDevices`, libcontainer/rootfs_linux.go `createDevices`.
 *
 * @module
 */

import { RtError } from "@rt/oci-spec/errors";
import type { LinuxDevice } from "@rt/oci-spec/oci";
import { AT, AT_FDCWD, MOUNT, O, S_IF } from "../init/linux.ts";
import type { Operand, ProgramBuilder, Slot } from "../launch/program.ts";
import { attach } from "./mount.ts";
import { components, ensureTarget, makeDirectory } from "./target.ts";

const node = (path: string, major: number, minor: number): LinuxDevice => ({
  path,
  type: "c",
  major,
  minor,
  fileMode: 0o666,
  uid: 0,
  gid: 0,
});

/** Devices that every container gets. */
export const DEFAULT_DEVICES: readonly LinuxDevice[] = [
  node("/dev/null", 1, 3),
  node("/dev/random", 1, 8),
  node("/dev/full", 1, 7),
  node("/dev/tty", 5, 0),
  node("/dev/zero", 1, 5),
  node("/dev/urandom", 1, 9),
];

const LINKS: readonly (readonly [name: string, target: string])[] = [
  ["fd", "/proc/self/fd"],
  ["stdin", "/proc/self/fd/0"],
  ["stdout", "/proc/self/fd/1"],
  ["stderr", "/proc/self/fd/2"],
];

/** The devices of a container: the configured ones, and the defaults among whose paths they are not. */
export function containerDevices(configured: readonly LinuxDevice[]): LinuxDevice[] {
  const taken = new Set(configured.map((d) => `/${components(d.path).join("/")}`));
  const all = [...DEFAULT_DEVICES.filter((d) => !taken.has(d.path)), ...configured];
  for (const { type } of all) {
    if (!["c", "b", "u", "p"].includes(type))
      throw new RtError("INVALID_ARGUMENT", `invalid device type "${type}"`);
  }
  return all;
}

/** The number of a device, as mknod(2) takes it. */
export function deviceNumber(major: number, minor: number): bigint {
  return (BigInt(minor) & 0xffn) | (BigInt(major) << 8n) | ((BigInt(minor) & ~0xffn) << 12n);
}

/** Emits the nodes; in a user namespace, where mknod is refused, the host's are bound. */
export function emitDevices(
  p: ProgramBuilder,
  root: Operand,
  devices: readonly LinuxDevice[],
  inUserNamespace: boolean,
): void {
  const parents = new Map<string, Slot>();
  for (const device of devices) {
    if (inUserNamespace) bindDevice(p, root, device.path);
    else makeDevice(p, root, device, parents);
  }
  for (const parent of parents.values()) p.sys("close", [parent]);
}

function makeDevice(p: ProgramBuilder, root: Operand, device: LinuxDevice, parents: Map<string, Slot>): void {
  const parts = components(device.path);
  const path = `/${parts.join("/")}`;
  const directory = `/${parts.slice(0, -1).join("/")}`;
  const name = `make device ${path}`;
  let parent = parents.get(directory);
  if (parent === undefined) {
    parent = makeDirectory(p, { root, path: directory, name });
    parents.set(directory, parent);
  }
  const type = device.type === "p" ? S_IF.fifo : device.type === "b" ? S_IF.blk : S_IF.chr;
  const number = device.type === "p" ? 0n : deviceNumber(device.major ?? 0, device.minor ?? 0);
  const base = p.cstring(parts.at(-1) ?? "");
  const exists = p.label();
  const mode = type | ((device.fileMode ?? 0o666) & 0o7777);
  p.sys("mknodat", [parent, base, mode, number], { name, onErrno: { errnos: ["EEXIST"], goto: exists } });
  p.sys("fchownat", [parent, base, device.uid ?? 0, device.gid ?? 0, AT.symlinkNofollow], { name });
  p.place(exists);
}

function bindDevice(p: ProgramBuilder, root: Operand, path: string): void {
  const name = `bind device ${path}`;
  const tree = p.slot();
  p.sys("open_tree", [AT_FDCWD, p.cstring(path), MOUNT.openTreeClone | O.cloexec], { into: tree, name });
  const target = ensureTarget(p, { root, path, name }, "file");
  attach(p, tree, target, name);
  p.sys("close", [target]);
  p.sys("close", [tree]);
}

/** Emits the usual links of /dev, and ptmx. */
export function emitDeviceLinks(p: ProgramBuilder, root: Operand): void {
  const dev = makeDirectory(p, { root, path: "/dev", name: "open /dev" });
  const link = (name: string, target: string): void => {
    p.sys("symlinkat", [p.cstring(target), dev, p.cstring(name)], {
      tolerate: ["EEXIST"],
      name: `link /dev/${name}`,
    });
  };
  for (const [name, target] of LINKS) link(name, target);
  const noCore = p.label();
  p.sys("faccessat", [AT_FDCWD, p.cstring("/proc/kcore"), 0], { onError: noCore });
  link("core", "/proc/kcore");
  p.place(noCore);
  p.sys("unlinkat", [dev, p.cstring("ptmx"), 0], { tolerate: ["ENOENT"], name: "remove /dev/ptmx" });
  p.sys("symlinkat", [p.cstring("pts/ptmx"), dev, p.cstring("ptmx")], { name: "link /dev/ptmx" });
  p.sys("close", [dev]);
}
