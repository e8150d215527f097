/**
 * The real {@linkcode CgroupFs}: node:fs, without creating files by accident.
 *
 * @module
 */
import {
  closeSync,
  existsSync,
  constants as fsConstants,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeSync,
} from "node:fs";
import { type CgroupFs, errnoOf } from "./cgroup_fs.ts";

/** The cgroup file systems of this machine. */
export function linuxCgroupFs(): CgroupFs {
  return {
    read: (path) => readFileSync(path, "utf8"),
    write(path, data) {
      const fd = openSync(path, fsConstants.O_WRONLY);
      try {
        writeSync(fd, data);
      } finally {
        closeSync(fd);
      }
    },
    mkdir(path) {
      try {
        mkdirSync(path, 0o755);
        return true;
      } catch (err) {
        if (errnoOf(err) === "EEXIST") return false;
        throw err;
      }
    },
    rmdir: (path) => rmdirSync(path),
    list: (path) =>
      readdirSync(path, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name),
    exists: (path) => existsSync(path),
  };
}
