/**
 * The option words of mounts, as in fstab, containerd's mounts and the runtime spec.
 *
 * Source: mount(8), mount(2); containerd core/mount/mount_linux.go (which words are flags).
 *
 * @module
 */

/** Flags of mount(2). */
export const MS = {
  RDONLY: 1,
  NOSUID: 2,
  NODEV: 4,
  NOEXEC: 8,
  SYNCHRONOUS: 16,
  REMOUNT: 32,
  MANDLOCK: 64,
  DIRSYNC: 128,
  NOSYMFOLLOW: 256,
  NOATIME: 1024,
  NODIRATIME: 2048,
  BIND: 4096,
  REC: 0x4000,
  SILENT: 0x8000,
  UNBINDABLE: 0x20000,
  PRIVATE: 0x40000,
  SLAVE: 0x80000,
  SHARED: 0x100000,
  RELATIME: 0x200000,
  STRICTATIME: 0x1000000,
} as const;

/** Words that set flags. */
const SET: Readonly<Record<string, number>> = {
  bind: MS.BIND,
  dirsync: MS.DIRSYNC,
  mand: MS.MANDLOCK,
  noatime: MS.NOATIME,
  nodev: MS.NODEV,
  nodiratime: MS.NODIRATIME,
  noexec: MS.NOEXEC,
  nosuid: MS.NOSUID,
  nosymfollow: MS.NOSYMFOLLOW,
  rbind: MS.BIND | MS.REC,
  relatime: MS.RELATIME,
  remount: MS.REMOUNT,
  ro: MS.RDONLY,
  silent: MS.SILENT,
  strictatime: MS.STRICTATIME,
  sync: MS.SYNCHRONOUS,
};

/** Words that clear flags. */
const CLEAR: Readonly<Record<string, number>> = {
  async: MS.SYNCHRONOUS,
  atime: MS.NOATIME,
  defaults: 0,
  dev: MS.NODEV,
  diratime: MS.NODIRATIME,
  exec: MS.NOEXEC,
  loud: MS.SILENT,
  nomand: MS.MANDLOCK,
  norelatime: MS.RELATIME,
  nostrictatime: MS.STRICTATIME,
  rw: MS.RDONLY,
  suid: MS.NOSUID,
  symfollow: MS.NOSYMFOLLOW,
};

/** Words that change propagation, each a mount call of its own. */
const PROPAGATION: Readonly<Record<string, number>> = {
  private: MS.PRIVATE,
  rprivate: MS.PRIVATE | MS.REC,
  rshared: MS.SHARED | MS.REC,
  rslave: MS.SLAVE | MS.REC,
  runbindable: MS.UNBINDABLE | MS.REC,
  shared: MS.SHARED,
  slave: MS.SLAVE,
  unbindable: MS.UNBINDABLE,
};

/** What a list of option words means. */
export interface MountOptions {
  /** Flags that are set in the end. */
  readonly flags: number;
  /** Flags that some word cleared and no later one set. */
  readonly cleared: number;
  /** Propagation changes, in order. */
  readonly propagation: readonly number[];
  /** The other words, for the file system itself. */
  readonly data: readonly string[];
}

/** Sorts option words into flags, propagation and data; of contradicting words the last counts. */
export function parseMountOptions(words: readonly string[]): MountOptions {
  let flags = 0;
  let cleared = 0;
  const propagation: number[] = [];
  const data: string[] = [];
  for (const word of words) {
    const set = Object.hasOwn(SET, word) ? SET[word] : undefined;
    const clear = Object.hasOwn(CLEAR, word) ? CLEAR[word] : undefined;
    const change = Object.hasOwn(PROPAGATION, word) ? PROPAGATION[word] : undefined;
    if (set !== undefined) {
      flags |= set;
      cleared &= ~set;
    } else if (clear !== undefined) {
      flags &= ~clear;
      cleared |= clear;
    } else if (change !== undefined) propagation.push(change);
    else if (word !== "") data.push(word);
  }
  return { flags, cleared, propagation, data };
}
