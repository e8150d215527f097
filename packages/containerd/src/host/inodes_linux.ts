/**
 * Inodes over the kernel port: a batch is one launch program.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { type Data, type Kernel, type Program, ProgramBuilder, run } from "../kernel.ts";
import type { InodeOp, InodePath, Inodes, InodeTime } from "./inodes.ts";

const AT_FDCWD = -100;
const O_RDONLY = 0;
const AT_SYMLINK_NOFOLLOW = 0x100;
/** Longest list of names, and longest value, that the kernel allows. Bytes. */
const XATTR_BYTES = 65_536;
/** Operations per program: bounds the program's size. */
const BATCH = 1024;

/** Inode operations performed by `kernel`. */
export function linuxInodes(kernel: Kernel): Inodes {
  return {
    async change(ops, options = {}) {
      for (let at = 0; at < ops.length; at += BATCH) {
        await run(kernel, changeProgram(ops.slice(at, at + BATCH)), options);
      }
    },
    async xattrs(paths, options = {}) {
      const out: Map<string, Uint8Array>[] = paths.map(() => new Map());
      for (let at = 0; at < paths.length; at += BATCH) {
        const some = paths.slice(at, at + BATCH);
        const listed = await run(kernel, listProgram(some), options);
        const wanted: [index: number, path: InodePath, name: string][] = [];
        for (const [tag, names] of listed.data) {
          const text = Buffer.from(names).toString("utf8");
          for (const name of text.split("\0")) if (name !== "") wanted.push([tag, some[tag]!, name]);
        }
        for (let w = 0; w < wanted.length; w += BATCH) {
          const batch = wanted.slice(w, w + BATCH);
          const { values, data } = await run(kernel, getProgram(batch), options);
          for (const [i, [index, , name]] of batch.entries()) {
            if (values.has(i)) out[at + index]!.set(name, data.get(i) ?? new Uint8Array());
          }
        }
      }
      return out;
    },
    async syncFs(path) {
      const p = new ProgramBuilder();
      const shown = JSON.stringify(path.toString());
      const fd = p.sys("openat", [AT_FDCWD, pathData(p, path), O_RDONLY, 0], { name: `open ${shown}` });
      p.sys("syncfs", [fd], { name: `sync the file system of ${shown}` });
      p.exit(0);
      await run(kernel, p.build());
    },
  };
}

function changeProgram(ops: readonly InodeOp[]): Program {
  const p = new ProgramBuilder();
  p.sys("umask", [0]);
  for (const op of ops) {
    const path = pathData(p, op.path);
    const shown = JSON.stringify(op.path.toString());
    switch (op.kind) {
      case "mknod": {
        const device = deviceNumber(op.major, op.minor);
        p.sys("mknodat", [AT_FDCWD, path, op.mode, device], { name: `make special file ${shown}` });
        if (op.uid === 0 && op.gid === 0) break;
        p.sys("fchownat", [AT_FDCWD, path, op.uid, op.gid, AT_SYMLINK_NOFOLLOW], {
          name: `change owner of ${shown}`,
        });
        break;
      }
      case "setxattr":
        p.sys("lsetxattr", [path, p.cstring(op.name), p.bytes(op.value), op.value.length, 0], {
          name: `set attribute ${op.name} of ${shown}`,
          tolerate: ["EOPNOTSUPP"],
        });
        break;
      case "utimes":
        p.sys("utimensat", [AT_FDCWD, path, timesData(p, op.atime, op.mtime), AT_SYMLINK_NOFOLLOW], {
          name: `set times of ${shown}`,
        });
    }
  }
  p.exit(0);
  return p.build();
}

function listProgram(paths: readonly InodePath[]): Program {
  const p = new ProgramBuilder();
  const buffer = p.bss(XATTR_BYTES);
  for (const [i, path] of paths.entries()) {
    const next = p.label();
    const length = p.sys("llistxattr", [pathData(p, path), buffer, XATTR_BYTES], {
      name: `list attributes of ${JSON.stringify(path.toString())}`,
      tolerate: ["EOPNOTSUPP"],
    });
    p.branch("le", length, 0, next);
    p.data(i, buffer, length);
    p.place(next);
  }
  p.exit(0);
  return p.build();
}

function getProgram(wanted: readonly (readonly [number, InodePath, string])[]): Program {
  const p = new ProgramBuilder();
  const buffer = p.bss(XATTR_BYTES);
  for (const [i, [, path, name]] of wanted.entries()) {
    const next = p.label();
    const length = p.sys("lgetxattr", [pathData(p, path), p.cstring(name), buffer, XATTR_BYTES], {
      name: `read attribute ${name} of ${JSON.stringify(path.toString())}`,
      tolerate: ["ENODATA", "EOPNOTSUPP"],
    });
    p.branch("lt", length, 0, next);
    p.value(i, length);
    p.branch("eq", length, 0, next);
    p.data(i, buffer, length);
    p.place(next);
  }
  p.exit(0);
  return p.build();
}

function pathData(p: ProgramBuilder, path: InodePath): Data {
  return typeof path === "string" ? p.cstring(path) : p.bytes(Buffer.concat([path, Buffer.of(0)]), 1);
}

/** Two `struct timespec`: access and modification. */
function timesData(p: ProgramBuilder, atime: InodeTime, mtime: InodeTime): Data {
  return p
    .struct(32)
    .u64(0, atime.seconds)
    .u64(8, atime.nanoseconds)
    .u64(16, mtime.seconds)
    .u64(24, mtime.nanoseconds).data;
}

/** Linux' encoding of a device number (kdev_t.h `new_encode_dev`): 12 bits of major, 20 of minor. */
function deviceNumber(major: number, minor: number): number {
  return (minor & 0xff) + (major & 0xfff) * 0x100 + ((minor >>> 8) & 0xfff) * 0x100000;
}
