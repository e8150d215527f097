/**
 * Numbers of the Linux ABI that launch programs use, the same on every architecture unless they come from the engine.
 *
 * Source: Linux include/uapi/linux/{sched,fcntl,openat2,mount,fs,prctl,seccomp,keyctl,magic}.h, asm-generic/ioctls.h.
 *
 * @module
 */
import { constants } from "node:fs";

/** The working directory, as a directory descriptor. */
export const AT_FDCWD = -100;

/** Flags of the `…at` calls. */
export const AT = { symlinkNofollow: 0x100, removeDir: 0x200, emptyPath: 0x1000, recursive: 0x8000 } as const;

/** Flags of open; those that differ between architectures are the engine's. */
export const O: Readonly<
  Record<
    | "rdonly"
    | "wronly"
    | "rdwr"
    | "creat"
    | "excl"
    | "noctty"
    | "nonblock"
    | "directory"
    | "nofollow"
    | "cloexec"
    | "path",
    number
  >
> = {
  rdonly: 0,
  wronly: 1,
  rdwr: 2,
  creat: constants.O_CREAT,
  excl: constants.O_EXCL,
  noctty: constants.O_NOCTTY,
  nonblock: constants.O_NONBLOCK,
  directory: constants.O_DIRECTORY,
  nofollow: constants.O_NOFOLLOW,
  cloexec: 0o2000000,
  path: 0o10000000,
};

/** How openat2 resolves. */
export const RESOLVE = { noMagiclinks: 2, noSymlinks: 4, beneath: 8, inRoot: 0x10 } as const;

/** Flags of clone, unshare and setns. */
export const CLONE = {
  time: 0x80,
  newns: 0x20000,
  parent: 0x8000,
  cgroup: 0x2000000,
  uts: 0x4000000,
  ipc: 0x8000000,
  user: 0x10000000,
  pid: 0x20000000,
  net: 0x40000000,
} as const;

/** Attributes of a mount, for fsmount and mount_setattr. */
export const MOUNT_ATTR = {
  rdonly: 0x1,
  nosuid: 0x2,
  nodev: 0x4,
  noexec: 0x8,
  atimeMask: 0x70,
  relatime: 0,
  noatime: 0x10,
  strictatime: 0x20,
  nodiratime: 0x80,
  idmap: 0x100000,
  nosymfollow: 0x200000,
} as const;

/** Propagation and the old flags of mount(2). */
export const MS = {
  rec: 0x4000,
  unbindable: 0x20000,
  private: 0x40000,
  slave: 0x80000,
  shared: 0x100000,
} as const;

/** Flags of fsopen, fsmount, open_tree, move_mount and umount2. */
export const MOUNT = {
  fsopenCloexec: 1,
  fsmountCloexec: 1,
  openTreeClone: 1,
  moveFromEmpty: 0x4,
  moveToEmpty: 0x40,
  detach: 2,
} as const;

/** Commands of fsconfig. */
export const FSCONFIG = { flag: 0, string: 1, create: 6 } as const;

/** Commands of prctl. */
export const PR = {
  setPdeathsig: 1,
  setKeepcaps: 8,
  capbsetDrop: 24,
  setNoNewPrivs: 38,
  capAmbient: 47,
  capAmbientRaise: 2,
  capAmbientClearAll: 4,
} as const;

/** Requests of ioctl. */
export const IOCTL = {
  tiocsctty: 0x540e,
  tiocswinsz: 0x5414,
  tiocgptn: 0x80045430,
  tiocsptlck: 0x40045431,
  tiocgptpeer: 0x5441,
  siocsifflags: 0x8914,
} as const;

/** File types in a mode. */
export const S_IF = { mask: 0o170000, dir: 0o40000, chr: 0o20000, blk: 0o60000, fifo: 0o10000 } as const;

/** `f_type` of procfs. */
export const PROC_SUPER_MAGIC = 0x9fa0;

/** Signals. */
export const SIG = { kill: 9, chld: 17 } as const;
