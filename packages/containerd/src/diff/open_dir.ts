/**
 * A directory held open, so that what is looked at below it cannot be swapped for a link to elsewhere meanwhile.
 *
 * Engines have no `openat`; `/proc/self/fd/<fd>/<name>` is the same thing.
 *
 * @module
 */
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
} from "node:fs";
import { toPath } from "./tar_entry.ts";

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

/** A directory that is open. Names are binary strings. */
export class OpenDir implements Disposable {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Opens the directory at `path`, a binary string. */
  static open(path: string): OpenDir {
    return new OpenDir(openSync(toPath(path), constants.O_RDONLY | constants.O_DIRECTORY));
  }

  /** Opens a directory below, or undefined if it is none any more. */
  directory(name: string): OpenDir | undefined {
    const fd = this.#open(name, DIRECTORY);
    return fd === undefined ? undefined : new OpenDir(fd);
  }

  /** Opens a regular file below, or undefined if it is none any more; the caller closes it. */
  file(name: string): { readonly fd: number; readonly stat: BigIntStats } | undefined {
    const fd = this.#open(name, FILE);
    if (fd === undefined) return undefined;
    const stat = fstatSync(fd, { bigint: true });
    if (stat.isFile()) return { fd, stat };
    closeSync(fd);
    return undefined;
  }

  /** The names below, sorted. */
  names(): string[] {
    return readdirSync(`/proc/self/fd/${this.#fd}`, { encoding: "latin1" }).sort();
  }

  /** The status of what is below, links not followed; undefined if it is gone. */
  stat(name: string): BigIntStats | undefined {
    return lstatSync(this.#path(name), { bigint: true, throwIfNoEntry: false });
  }

  /** The directory's own status. */
  own(): BigIntStats {
    return fstatSync(this.#fd, { bigint: true });
  }

  /** Where a symbolic link below points. */
  link(name: string): string {
    return readlinkSync(this.#path(name), { encoding: "latin1" });
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  #path(name: string): string | Buffer {
    return toPath(`/proc/self/fd/${this.#fd}/${name}`);
  }

  #open(name: string, flags: number): number | undefined {
    try {
      return openSync(this.#path(name), flags);
    } catch (err) {
      const { code } = err as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ELOOP" || code === "ENOTDIR" || code === "ENXIO") return undefined;
      throw err;
    }
  }
}
