/**
 * The FIFO that a container's init waits on: one byte lets it go on.
 *
 * @module
 */
import { closeSync, constants, openSync, writeSync } from "node:fs";

/** Writes the byte. Never blocks. @returns false if nobody waits. */
export function release(path: string): boolean {
  let fd: number;
  try {
    fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (err) {
    const code = (err as { code?: string }).code;
    if (code === "ENXIO" || code === "ENOENT") return false;
    throw err;
  }
  try {
    writeSync(fd, "0");
    return true;
  } finally {
    closeSync(fd);
  }
}
