/**
 * Port to the cgroup file systems: the few file operations that cgroups need.
 *
 * Calls are synchronous: a cgroup file takes microseconds, less than a trip through an engine's thread pool.
 *
 * @module
 */

/** File operations below the cgroup mounts (and on the few /proc and /sys files that describe them). */
export interface CgroupFs {
  /** Text of a file. @throws an error with `code` = errno name. */
  read(path: string): string;
  /** Writes `data` with one write(2) to an existing file. @throws an error with `code` = errno name. */
  write(path: string, data: string): void;
  /** Makes one directory; false if it was there. @throws an error with `code` = errno name. */
  mkdir(path: string): boolean;
  /** Removes one cgroup. @throws an error with `code` = errno name. */
  rmdir(path: string): void;
  /** Names of the directories in `path`. @throws an error with `code` = errno name. */
  list(path: string): string[];
  /** Whether something is at `path`. */
  exists(path: string): boolean;
}

/** The errno name of a thrown value (`ENOENT`); undefined if it has none. */
export function errnoOf(err: unknown): string | undefined {
  if (typeof err !== "object" || err === null || !("code" in err)) return undefined;
  return typeof err.code === "string" && /^E[A-Z0-9]+$/.test(err.code) ? err.code : undefined;
}
