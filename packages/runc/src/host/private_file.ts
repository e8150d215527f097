/**
 * Private, unlinked files: how programs and interpreter copies reach a new process without a name on disk.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { closeSync, constants, openSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { LaunchError } from "../errors.ts";

/** Where private files are made, in this order of preference; memory first. */
export const SCRATCH_DIRECTORIES: readonly string[] = ["/dev/shm", "/run", "/var/tmp", "/tmp"];

/** A new file of mode `mode` in `directory` that holds `bytes`, readable by us alone; returns its path. */
export function writePrivateFile(directory: string, bytes: Uint8Array, mode = 0o600): string {
  const path = join(directory, `.rt-${randomBytes(9).toString("hex")}`);
  const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW } = constants;
  const fd = openSync(path, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, mode);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, at);
  } catch (err) {
    unlinkSync(path);
    throw err;
  } finally {
    closeSync(fd);
  }
  return path;
}

/** As {@linkcode writePrivateFile}, but opened for reading and unlinked; returns the fd. */
export function openUnlinkedFile(directory: string, bytes: Uint8Array, mode = 0o600): number {
  const path = writePrivateFile(directory, bytes, mode);
  try {
    return openSync(path, constants.O_RDONLY);
  } finally {
    unlinkSync(path);
  }
}

/**
 * Calls `make` with each directory until one does not throw.
 *
 * @throws {LaunchError} `UNAVAILABLE` if all throw; the last error is the cause.
 */
export function inFirstDirectory<T>(directories: readonly string[], make: (directory: string) => T): T {
  let cause: unknown;
  for (const directory of directories) {
    try {
      return make(directory);
    } catch (err) {
      cause = err;
    }
  }
  const message = `cannot write private file in ${directories.join(", ")}: ${(cause as Error)?.message}`;
  throw new LaunchError("UNAVAILABLE", message, { cause });
}
