/**
 * Words of `mounts[].options`: what each asks of the kernel.
 *
 * Source: runtime-spec 1.3 config.md "Linux mount options"; opencontainers/runc libcontainer/specconv/spec_linux.go
 * `initMaps`; mount_setattr(2).
 *
 * @module
 */
import { MOUNT_ATTR, MS } from "../init/linux.ts";

/** What the options of one mount say together. */
export interface MountOptions {
  /** Whether it is a bind mount, and whether with everything mounted below. */
  readonly bind: "no" | "one" | "recursive";
  /** `MOUNT_ATTR_*` to set. */
  readonly set: number;
  /** `MOUNT_ATTR_*` to clear. */
  readonly clear: number;
  /** The same for the mounts below, too. */
  readonly recursiveSet: number;
  /** The same for the mounts below, too. */
  readonly recursiveClear: number;
  /** `MS_*` propagation changes, in order, `MS_REC` included. */
  readonly propagation: readonly number[];
  /** Flags of the file system itself, as fsconfig names them. */
  readonly superblock: readonly string[];
  /** What the file system is told, as written: `mode=755`. */
  readonly data: readonly string[];
  /** Fill a tmpfs with what was there. */
  readonly copyUp: boolean;
}

const { rdonly, nosuid, nodev, noexec, noatime, strictatime, nodiratime, nosymfollow, atimeMask } =
  MOUNT_ATTR;

/** Word → attribute, and whether it is set. */
const ATTRIBUTES: Readonly<Record<string, readonly [bit: number, set: boolean]>> = {
  ro: [rdonly, true],
  rw: [rdonly, false],
  nosuid: [nosuid, true],
  suid: [nosuid, false],
  nodev: [nodev, true],
  dev: [nodev, false],
  noexec: [noexec, true],
  exec: [noexec, false],
  nodiratime: [nodiratime, true],
  diratime: [nodiratime, false],
  nosymfollow: [nosymfollow, true],
  symfollow: [nosymfollow, false],
  noatime: [noatime, true],
  atime: [noatime, false],
  strictatime: [strictatime, true],
  nostrictatime: [strictatime, false],
  relatime: [0, true],
  norelatime: [0, false],
};

const PROPAGATION: Readonly<Record<string, number>> = {
  private: MS.private,
  shared: MS.shared,
  slave: MS.slave,
  unbindable: MS.unbindable,
  rprivate: MS.private | MS.rec,
  rshared: MS.shared | MS.rec,
  rslave: MS.slave | MS.rec,
  runbindable: MS.unbindable | MS.rec,
};

/** Word → flag of the file system; false takes it away. */
const SUPERBLOCK: Readonly<Record<string, readonly [flag: string, set: boolean]>> = {
  ro: ["ro", true],
  rw: ["ro", false],
  sync: ["sync", true],
  async: ["sync", false],
  dirsync: ["dirsync", true],
  lazytime: ["lazytime", true],
  nolazytime: ["lazytime", false],
  mand: ["mand", true],
  nomand: ["mand", false],
};

/** Words that change nothing on kernels of today. */
const NOTHING: ReadonlySet<string> = new Set(
  "defaults iversion noiversion loud silent acl noacl remount".split(" "),
);

/** Every word that is not passed on to the file system. Sorted. */
export const MOUNT_OPTION_WORDS: readonly string[] = [
  ...new Set([
    ...Object.keys(ATTRIBUTES),
    ...Object.keys(ATTRIBUTES).map((word) => `r${word}`),
    ...Object.keys(PROPAGATION),
    ...Object.keys(SUPERBLOCK),
    ...NOTHING,
    "bind",
    "rbind",
    "tmpcopyup",
  ]),
].sort();

/** Attributes being collected. */
interface Attributes {
  set: number;
  clear: number;
}

function attribute(into: Attributes, bit: number, set: boolean): void {
  const isTime = bit === noatime || bit === strictatime || bit === 0;
  if (isTime) {
    into.clear |= atimeMask;
    if (set) into.set = (into.set & ~atimeMask) | bit;
    else into.set &= ~bit;
  } else if (set) {
    into.set |= bit;
    into.clear &= ~bit;
  } else {
    into.set &= ~bit;
    into.clear |= bit;
  }
}

/**
 * Reads the options of one mount.
 *
 * @example
 * ```ts
 * import { parseMountOptions } from "./mount_options.ts";
 * const o = parseMountOptions(["rbind", "ro", "size=1m"]);
 * if (o.bind !== "recursive" || o.data[0] !== "size=1m") throw new Error("misread");
 * ```
 */
export function parseMountOptions(words: readonly string[]): MountOptions {
  const own: Attributes = { set: 0, clear: 0 };
  const below: Attributes = { set: 0, clear: 0 };
  const superblock = new Set<string>();
  const propagation: number[] = [];
  const data: string[] = [];
  let bind: MountOptions["bind"] = "no";
  let copyUp = false;
  for (const word of words) {
    const flag = SUPERBLOCK[word];
    if (flag !== undefined) flag[1] ? superblock.add(flag[0]) : superblock.delete(flag[0]);
    const attr = ATTRIBUTES[word];
    const recursive = word.startsWith("r") ? ATTRIBUTES[word.slice(1)] : undefined;
    if (attr !== undefined) attribute(own, attr[0], attr[1]);
    else if (recursive !== undefined) attribute(below, recursive[0], recursive[1]);
    else if (word === "bind") bind = bind === "recursive" ? bind : "one";
    else if (word === "rbind") bind = "recursive";
    else if (word === "tmpcopyup") copyUp = true;
    else if (PROPAGATION[word] !== undefined) propagation.push(PROPAGATION[word]);
    else if (flag === undefined && !NOTHING.has(word)) data.push(word);
  }
  return {
    bind,
    set: own.set,
    clear: own.clear,
    recursiveSet: below.set,
    recursiveClear: below.clear,
    propagation,
    superblock: [...superblock],
    data,
    copyUp,
  };
}
