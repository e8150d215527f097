/**
 * What one tree has over another, as entries of a layer.
 *
 * Either an overlay's upper directory, where overlayfs has noted what changed, or two whole trees side by side.
 * Times are cut to seconds, as containerd and Docker do. Source: containerd pkg/archive/tar.go `ChangeWriter`,
 * continuity fs/diff.go; image-spec layer.md.
 *
 * @module
 */
import { type BigIntStats, closeSync, readSync } from "node:fs";
import type { Inodes } from "../host/inodes.ts";
import { RtError } from "../oci.ts";
import { deviceNumbers } from "./copy_up.ts";
import { OpenDir } from "./open_dir.ts";
import { type TarTime, toPath, toText } from "./tar_entry.ts";
import type { NewTarEntry } from "./tar_writer.ts";
import { OPAQUE_NAME, whiteoutName } from "./whiteout.ts";

/** An entry and, for a file with a body, the open file; the taker closes it. */
export interface Change {
  readonly entry: NewTarEntry;
  readonly fd?: number;
}

/** What to compare. Paths are binary strings. */
export type Comparison =
  | { readonly kind: "upper"; readonly upper: string }
  | { readonly kind: "trees"; readonly left: string | undefined; readonly right: string };

/** Options for {@linkcode changes}. */
export interface ChangeOptions {
  /** Whiteouts get this time, and nothing a later one. Seconds since 1970. */
  readonly latestSeconds?: number;
}

/** An upper directory that only overlayfs can read: with redirected directories or files without data. */
export class UnreadableUpperError extends RtError {
  override name = "UnreadableUpperError";

  constructor(path: string) {
    super("FAILED_PRECONDITION", `cannot read overlay directory ${JSON.stringify(path)} by itself`);
  }
}

/**
 * The changes, parents before children, by name.
 *
 * @throws {UnreadableUpperError} `FAILED_PRECONDITION` if the upper directory cannot be read without mounting it.
 */
export async function* changes(
  comparison: Comparison,
  inodes: Inodes,
  options: ChangeOptions = {},
): AsyncGenerator<Change, void, void> {
  const root = comparison.kind === "upper" ? comparison.upper : comparison.right;
  const walk = new Walk(await attributes(inodes, root), options.latestSeconds);
  using right = OpenDir.open(root);
  if (comparison.kind === "upper") {
    if (walk.attribute("", OPAQUE) === "y") yield walk.whiteout("", OPAQUE_NAME);
    yield* walk.upper(right, "");
    return;
  }
  using left = comparison.left === undefined ? undefined : OpenDir.open(comparison.left);
  yield* walk.trees(left, right, "");
}

const OPAQUE = "trusted.overlay.opaque";

/** The extended attributes of every file and directory below `root`, by path below it. */
async function attributes(
  inodes: Inodes,
  root: string,
): Promise<Map<string, ReadonlyMap<string, Uint8Array>>> {
  const paths = [""];
  const collect = (dir: OpenDir, prefix: string): void => {
    for (const name of dir.names()) {
      const stat = dir.stat(name);
      if (!stat?.isDirectory() && !stat?.isFile()) continue;
      paths.push(`${prefix}/${name}`);
      if (!stat.isDirectory()) continue;
      using below = dir.directory(name);
      if (below !== undefined) collect(below, `${prefix}/${name}`);
    }
  };
  {
    using dir = OpenDir.open(root);
    collect(dir, "");
  }
  const found = await inodes.xattrs(paths.map((p) => toPath(root + p)));
  return new Map(paths.map((path, i) => [path, found[i]!]));
}

class Walk {
  readonly #attributes: ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>;
  readonly #latest: number | undefined;
  /** Names by inode, of files with several. */
  readonly #links = new Map<string, string>();

  constructor(attributes: ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>, latest: number | undefined) {
    this.#attributes = attributes;
    this.#latest = latest;
  }

  /** An attribute as text. */
  attribute(path: string, name: string): string | undefined {
    const value = this.#attributes.get(path)?.get(name);
    return value === undefined ? undefined : new TextDecoder("latin1").decode(value);
  }

  /** Everything in an upper directory. */
  *upper(dir: OpenDir, prefix: string): Generator<Change, void, void> {
    for (const name of dir.names()) {
      const path = `${prefix}/${name}`;
      const stat = dir.stat(name);
      if (stat === undefined) continue;
      if (stat.isCharacterDevice() && stat.rdev === 0n) {
        yield this.whiteout(prefix, whiteoutName(name));
        continue;
      }
      if (
        this.attribute(path, "trusted.overlay.redirect") ||
        this.attribute(path, "trusted.overlay.metacopy") !== undefined
      ) {
        throw new UnreadableUpperError(toText(path));
      }
      yield* this.#entry(dir, name, path, stat);
      if (!stat.isDirectory()) continue;
      using below = dir.directory(name);
      if (below === undefined) continue;
      if (this.attribute(path, OPAQUE) === "y") yield this.whiteout(path, OPAQUE_NAME);
      yield* this.upper(below, path);
    }
  }

  /** What `right` has over `left`. */
  *trees(left: OpenDir | undefined, right: OpenDir, prefix: string): Generator<Change, void, void> {
    const old = new Set(left?.names() ?? []);
    for (const name of [...new Set([...old, ...right.names()])].sort()) {
      const path = `${prefix}/${name}`;
      const now = right.stat(name);
      const before = old.has(name) ? left?.stat(name) : undefined;
      if (now === undefined) {
        if (before !== undefined) yield this.whiteout(prefix, whiteoutName(name));
        continue;
      }
      if (before === undefined || !same(left!, before, right, now, name))
        yield* this.#entry(right, name, path, now);
      if (!now.isDirectory()) continue;
      using below = right.directory(name);
      if (below === undefined) continue;
      using oldBelow = before?.isDirectory() ? left?.directory(name) : undefined;
      yield* this.trees(oldBelow, below, path);
    }
  }

  whiteout(prefix: string, name: string): Change {
    return {
      entry: {
        type: "file",
        name: `${prefix}/${name}`.slice(1),
        mode: 0,
        mtime: { seconds: this.#latest ?? 0, nanoseconds: 0 },
      },
    };
  }

  *#entry(dir: OpenDir, name: string, path: string, stat: BigIntStats): Generator<Change, void, void> {
    const common = {
      name: path.slice(1),
      mode: Number(stat.mode) & 0o7777,
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      mtime: this.#time(stat),
      xattrs: this.#kept(path),
    };
    if (stat.isDirectory()) yield { entry: { ...common, type: "directory", name: `${common.name}/` } };
    else if (stat.isSymbolicLink()) {
      yield { entry: { ...common, type: "symlink", linkName: dir.link(name) } };
    } else if (stat.isFile()) yield* this.#file(dir, name, common);
    else if (stat.isFIFO()) yield { entry: { ...common, type: "fifo" } };
    else if (stat.isCharacterDevice() || stat.isBlockDevice()) {
      const { major, minor } = deviceNumbers(Number(stat.rdev));
      const type = stat.isBlockDevice() ? "block" : "char";
      yield { entry: { ...common, type, deviceMajor: major, deviceMinor: minor } };
    } // a socket is nothing without who listens
  }

  *#file(dir: OpenDir, name: string, common: Omit<NewTarEntry, "type">): Generator<Change, void, void> {
    const file = dir.file(name);
    if (file === undefined) return;
    const inode = `${file.stat.dev}:${file.stat.ino}`;
    const first = file.stat.nlink > 1n ? this.#links.get(inode) : undefined;
    if (first !== undefined) {
      closeSync(file.fd);
      yield { entry: { ...common, type: "link", linkName: first } };
      return;
    }
    this.#links.set(inode, common.name);
    yield { entry: { ...common, type: "file", size: Number(file.stat.size) }, fd: file.fd };
  }

  #time(stat: BigIntStats): TarTime {
    const seconds = Number(stat.mtimeNs / 1_000_000_000n);
    return { seconds: Math.min(seconds, this.#latest ?? seconds), nanoseconds: 0 };
  }

  /** The attributes that belong to an image: capabilities and the user's own. */
  #kept(path: string): ReadonlyMap<string, Uint8Array> {
    const all = this.#attributes.get(path) ?? new Map<string, Uint8Array>();
    return new Map(
      [...all].filter(
        ([name]) =>
          name === "security.capability" || (name.startsWith("user.") && !name.startsWith("user.overlay.")),
      ),
    );
  }
}

/** Whether an inode is the same in both trees. Times are too coarse to tell where they have no fraction. */
function same(left: OpenDir, a: BigIntStats, right: OpenDir, b: BigIntStats, name: string): boolean {
  if (a.dev === b.dev && a.ino === b.ino) return true;
  if (a.mode !== b.mode || a.uid !== b.uid || a.gid !== b.gid || a.rdev !== b.rdev) return false;
  if (a.isDirectory()) return true;
  if (a.isSymbolicLink()) return left.link(name) === right.link(name);
  if (!a.isFile()) return true;
  if (a.size !== b.size || a.mtimeNs !== b.mtimeNs) return false;
  return a.mtimeNs % 1_000_000_000n !== 0n || sameContent(left, right, name);
}

function sameContent(left: OpenDir, right: OpenDir, name: string): boolean {
  const a = left.file(name);
  const b = right.file(name);
  try {
    if (a === undefined || b === undefined) return false;
    const [one, two] = [Buffer.alloc(65_536), Buffer.alloc(65_536)];
    for (;;) {
      const n = readSync(a.fd, one);
      const m = readSync(b.fd, two);
      if (n !== m || one.compare(two, 0, m, 0, n) !== 0) return false;
      if (n === 0) return true;
    }
  } finally {
    if (a !== undefined) closeSync(a.fd);
    if (b !== undefined) closeSync(b.fd);
  }
}
