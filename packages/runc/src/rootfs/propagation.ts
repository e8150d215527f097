/**
 * Propagation of the root file system, and the mount it lies on.
 *
 * Source: runtime-spec config-linux.md "Rootfs Mount Propagation"; proc_pid_mountinfo(5).
 *
 * @module
 */
import { RtError } from "@rt/oci-spec/errors";
import { MS } from "../init/linux.ts";

const WORDS: Readonly<Record<string, number>> = {
  private: MS.private,
  rprivate: MS.private | MS.rec,
  slave: MS.slave,
  rslave: MS.slave | MS.rec,
  shared: MS.shared,
  rshared: MS.shared | MS.rec,
  unbindable: MS.unbindable,
  runbindable: MS.unbindable | MS.rec,
};

/** `MS_*` of `linux.rootfsPropagation`; undefined if it is not set. @throws {RtError} `INVALID_ARGUMENT`. */
export function propagationOf(word: string | undefined): number | undefined {
  if (word === undefined || word === "") return undefined;
  const flags = WORDS[word];
  if (flags === undefined)
    throw new RtError("INVALID_ARGUMENT", `rootfsPropagation=${word} is not supported`);
  return flags;
}

/**
 * The mount point that `path` lies on, from the text of a mountinfo.
 *
 * pivot_root refuses a root whose parent mount is shared, so it must be made private first.
 */
export function mountPointOf(mountinfo: string, path: string): string {
  let longest = "/";
  for (const line of mountinfo.split("\n")) {
    const point = line
      .split(" ")[4]
      ?.replace(/\\([0-7]{3})/g, (_, o: string) => String.fromCharCode(Number.parseInt(o, 8)));
    if (point === undefined) continue;
    if (
      (path === point || path.startsWith(point === "/" ? "/" : `${point}/`)) &&
      point.length >= longest.length
    ) {
      longest = point;
    }
  }
  return longest;
}
