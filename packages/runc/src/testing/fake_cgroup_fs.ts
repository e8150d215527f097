/**
 * A {@linkcode CgroupFs} in memory, with a log of what was written and errors on demand.
 *
 * @module
 */
import type { CgroupFs } from "../host/cgroup_fs.ts";

/** The fake, with what a test looks at. */
export interface FakeCgroupFs extends CgroupFs {
  /** Every successful mkdir, write and rmdir, in order: `mkdir P`, `write P V`, `rmdir P`. */
  readonly log: string[];
  /** Makes writes to `path` fail with `errno`, the next `times` times. @default {always} */
  failWrite(path: string, errno: string, times?: number): void;
  /** Makes rmdir of `path` fail with `errno`, the next `times` times. @default {always} */
  failRmdir(path: string, errno: string, times?: number): void;
  /** Runs after every write to `path`, to play the kernel. */
  onWrite(path: string, react: (value: string) => void): void;
  /** Sets a file, as the kernel would. */
  put(path: string, text: string): void;
}

/** An error as node:fs throws it. */
export function errnoError(code: string, op: string, path: string): Error & { code: string } {
  return Object.assign(new Error(`${code}: ${op} '${path}'`), { code });
}

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/";

/**
 * Makes a fake from files; their directories exist too.
 *
 * @param template Files that every new directory gets, as cgroupfs makes them: name → text.
 */
export function fakeCgroupFs(
  files: Readonly<Record<string, string>> = {},
  template: Readonly<Record<string, string>> = {},
): FakeCgroupFs {
  const dirs = new Set<string>(["/"]);
  const contents = new Map<string, string>();
  const log: string[] = [];
  const writeFailures = new Map<string, { errno: string; times: number }>();
  const rmdirFailures = new Map<string, { errno: string; times: number }>();
  const reactions = new Map<string, (value: string) => void>();

  const put = (path: string, text: string): void => {
    for (let dir = parentOf(path); !dirs.has(dir); dir = parentOf(dir)) dirs.add(dir);
    contents.set(path, text);
  };
  for (const [path, text] of Object.entries(files)) put(path, text);

  const failIfAsked = (map: typeof writeFailures, op: string, path: string): void => {
    const failure = map.get(path);
    if (failure === undefined || failure.times === 0) return;
    failure.times -= 1;
    throw errnoError(failure.errno, op, path);
  };

  return {
    log,
    put,
    failWrite: (path, errno, times = -1) => void writeFailures.set(path, { errno, times }),
    failRmdir: (path, errno, times = -1) => void rmdirFailures.set(path, { errno, times }),
    onWrite: (path, react) => void reactions.set(path, react),
    read(path) {
      const text = contents.get(path);
      if (text === undefined) throw errnoError("ENOENT", "open", path);
      return text;
    },
    write(path, data) {
      failIfAsked(writeFailures, "write", path);
      if (!contents.has(path)) throw errnoError("ENOENT", "open", path);
      contents.set(path, data);
      log.push(`write ${path} ${data}`);
      reactions.get(path)?.(data);
    },
    mkdir(path) {
      if (dirs.has(path)) return false;
      if (!dirs.has(parentOf(path))) throw errnoError("ENOENT", "mkdir", path);
      dirs.add(path);
      for (const [name, text] of Object.entries(template)) contents.set(`${path}/${name}`, text);
      log.push(`mkdir ${path}`);
      return true;
    },
    rmdir(path) {
      if (!dirs.has(path)) throw errnoError("ENOENT", "rmdir", path);
      failIfAsked(rmdirFailures, "rmdir", path);
      if ([...dirs].some((dir) => dir !== path && parentOf(dir) === path)) {
        throw errnoError("EBUSY", "rmdir", path);
      }
      dirs.delete(path);
      for (const file of contents.keys()) if (parentOf(file) === path) contents.delete(file);
      log.push(`rmdir ${path}`);
    },
    list(path) {
      if (!dirs.has(path)) throw errnoError("ENOENT", "scandir", path);
      return [...dirs]
        .filter((dir) => dir !== path && parentOf(dir) === path)
        .map((d) => d.slice(d.lastIndexOf("/") + 1));
    },
    exists: (path) => dirs.has(path) || contents.has(path),
  };
}
