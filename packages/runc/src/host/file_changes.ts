/**
 * Privileged changes to files below a root, many per launch: what unpacking a layer needs and no engine offers.
 *
 * Every parent directory is resolved inside the root (openat2, RESOLVE_IN_ROOT), and the last component is never
 * followed, so that no link in the tree leads out of it.
 *
 * @module
 */
import { constants } from "node:fs";
import type { Operand } from "../launch/program.ts";
import { ProgramBuilder } from "../launch/program.ts";
import type { Kernel } from "./kernel.ts";
import { run } from "./run.ts";

/** One change; `path` is relative to the root, a leading slash means nothing. */
export type FileChange =
  | {
      /** Makes a device, FIFO, socket or empty file. */
      readonly kind: "mknod";
      readonly path: string;
      /** File type and permissions, e.g. `0o020666`. */
      readonly mode: number;
      /** Device numbers, of devices. */
      readonly major?: number;
      readonly minor?: number;
    }
  | {
      /** Sets an extended attribute, of a symbolic link too. */
      readonly kind: "setxattr";
      readonly path: string;
      readonly name: string;
      readonly value: Uint8Array;
    }
  | {
      /** Sets the owner, of a symbolic link too. */
      readonly kind: "chown";
      readonly path: string;
      readonly uid: number;
      readonly gid: number;
    }
  | {
      /** Sets the permissions; not for symbolic links. */
      readonly kind: "chmod";
      readonly path: string;
      readonly mode: number;
    };

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
/** Those two differ between architectures. */
const { O_DIRECTORY, O_NOFOLLOW } = constants;
const [O_PATH, O_CLOEXEC] = [0o10000000, 0o2000000];
const RESOLVE_IN_ROOT = 0x10;
/** Where the parent directory is put, so that paths through /proc/self/fd can be written beforehand. */
const [PARENT_FD, FILE_FD] = [100, 101];
/** Changes per launch. */
const BATCH = 500;

/**
 * Makes `changes` below `root`, in order.
 *
 * @throws {SyscallError} naming the change that failed; those before it stay.
 */
export async function changeFiles(
  kernel: Kernel,
  root: string,
  changes: readonly FileChange[],
): Promise<void> {
  for (let at = 0; at < changes.length; at += BATCH) {
    const p = new ProgramBuilder();
    p.sys("umask", [0]);
    const rootFd = p.sys("openat", [AT_FDCWD, p.cstring(root), O_PATH | O_DIRECTORY | O_CLOEXEC, 0], {
      name: `open ${root}`,
    });
    const how = p
      .struct(24)
      .u64(0, O_PATH | O_DIRECTORY | O_CLOEXEC)
      .u64(16, RESOLVE_IN_ROOT).data;
    let parent: string | undefined;
    for (const change of changes.slice(at, at + BATCH)) {
      const path = change.path.replace(/^\/+|\/+$/g, "");
      const slash = path.lastIndexOf("/");
      const directory = slash < 0 ? "." : path.slice(0, slash);
      if (directory !== parent) {
        const fd = p.sys("openat2", [rootFd, p.cstring(directory), how, 24], {
          name: `open ${directory} in ${root}`,
        });
        p.sys("dup3", [fd, PARENT_FD, O_CLOEXEC]);
        p.sys("close", [fd]);
        parent = directory;
      }
      addChange(p, change, path.slice(slash + 1) || ".");
    }
    await run(kernel, p.build());
  }
}

function addChange(p: ProgramBuilder, change: FileChange, base: string): void {
  const name = `${change.kind} ${change.path}`;
  const last = p.cstring(base);
  switch (change.kind) {
    case "mknod": {
      p.sys("mknodat", [PARENT_FD, last, change.mode, deviceNumber(change.major ?? 0, change.minor ?? 0)], {
        name,
      });
      break;
    }
    case "chown":
      p.sys("fchownat", [PARENT_FD, last, change.uid, change.gid, AT_SYMLINK_NOFOLLOW], { name });
      break;
    case "setxattr": {
      const link = p.cstring(`/proc/self/fd/${PARENT_FD}/${base}`);
      const value: Operand = change.value.length === 0 ? null : p.bytes(change.value);
      p.sys("lsetxattr", [link, p.cstring(change.name), value, change.value.length, 0], { name });
      break;
    }
    case "chmod": {
      const fd = p.sys("openat", [PARENT_FD, last, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0], { name });
      p.sys("dup3", [fd, FILE_FD, O_CLOEXEC]);
      p.sys("close", [fd]);
      p.sys("fchmodat", [AT_FDCWD, p.cstring(`/proc/self/fd/${FILE_FD}`), change.mode], { name });
      break;
    }
  }
}

/** A device number as the kernel's calls take it. */
export function deviceNumber(major: number, minor: number): number {
  return (major << 8) | (minor & 0xff) | ((minor & ~0xff) << 12);
}
