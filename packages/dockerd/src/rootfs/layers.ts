/**
 * A root file system seen through its layers: finds files as the container would, without mounting.
 *
 * Names are resolved component by component, symbolic links within the root, whiteouts (character device 0:0) hide
 * what lies below. Only directories that nobody else changes meanwhile are to be read this way: those of a container
 * that does not run. Source: Linux Documentation/filesystems/overlayfs.rst.
 *
 * @module
 */
import { lstatSync, type Stats } from "node:fs";
import { constants, lstat, open, readdir, readlink } from "node:fs/promises";
import { posix } from "node:path";
import type { Mount } from "@rt/containerd/api";
import { RtError } from "../errors.ts";

/** How many symbolic links are followed. */
const MAX_LINKS = 40;

/** A file or directory that was found. */
export interface LayerEntry {
  /** Path within the root, without links. */
  readonly path: string;
  /** Where it lies on the host: the topmost one first, for directories those below too. */
  readonly places: readonly string[];
  readonly stat: Stats;
}

/** Layers of a root file system, the topmost first. @throws {RtError} `NOT_IMPLEMENTED` for other mounts. */
export function layersOf(mounts: readonly Mount[]): string[] {
  const [mount] = mounts;
  if (mounts.length !== 1 || mount === undefined) {
    throw new RtError("NOT_IMPLEMENTED", "cannot read root file system: it has several mounts");
  }
  if (mount.type === "bind") return [mount.source];
  if (mount.type !== "overlay")
    throw new RtError("NOT_IMPLEMENTED", `cannot read root file system of type ${mount.type}`);
  const value = (name: string): string[] => {
    const option = mount.options.find((o) => o.startsWith(`${name}=`));
    return option === undefined ? [] : option.slice(name.length + 1).split(":");
  };
  return [...value("upperdir"), ...value("lowerdir")];
}

/** Whether a file hides what lies below it. */
function isWhiteout(stat: Stats): boolean {
  return stat.isCharacterDevice() && stat.rdev === 0;
}

/** One name in the directories `places`. */
async function step(
  places: readonly string[],
  name: string,
): Promise<{ places: string[]; stat: Stats } | undefined> {
  let found: { places: string[]; stat: Stats } | undefined;
  for (const place of places) {
    const path = posix.join(place, name);
    const stat = await lstat(path).catch(() => undefined);
    if (stat === undefined) continue;
    if (isWhiteout(stat)) break;
    if (found === undefined) {
      found = { places: [path], stat };
      if (!stat.isDirectory()) break;
    } else if (stat.isDirectory()) found.places.push(path);
    else break;
  }
  return found;
}

/** Finds `path`; undefined if there is none. A link at the end is followed unless `nofollow`. */
export async function findEntry(
  layers: readonly string[],
  path: string,
  options: { readonly nofollow?: boolean } = {},
): Promise<LayerEntry | undefined> {
  let todo = path.split("/").filter((part) => part !== "" && part !== ".");
  let links = 0;
  let stack: { name: string; places: readonly string[]; stat: Stats }[] = [];
  const root = { name: "", places: layers, stat: lstatSync(layers[0]!) };
  while (todo.length > 0) {
    const [name, ...rest] = todo as [string, ...string[]];
    todo = rest;
    if (name === "..") {
      stack.pop();
      continue;
    }
    const parent = stack.at(-1) ?? root;
    const found = await step(parent.places, name);
    if (found === undefined) return undefined;
    if (found.stat.isSymbolicLink() && !(options.nofollow && todo.length === 0)) {
      if (++links > MAX_LINKS)
        throw new RtError("INVALID_ARGUMENT", `too many levels of symbolic links in ${path}`);
      const target = await readlink(found.places[0]!);
      if (target.startsWith("/")) stack = [];
      todo = [...target.split("/").filter((part) => part !== "" && part !== "."), ...todo];
      continue;
    }
    if (todo.length > 0 && !found.stat.isDirectory()) return undefined;
    stack.push({ name, ...found });
  }
  const last = stack.at(-1) ?? root;
  return { path: `/${stack.map((s) => s.name).join("/")}`, places: last.places, stat: last.stat };
}

/** Names in a directory that was found. */
export async function listEntries(entry: LayerEntry): Promise<string[]> {
  const names = new Map<string, boolean>();
  for (const place of entry.places) {
    for (const found of await readdir(place)) {
      if (names.has(found)) continue;
      names.set(found, !isWhiteout(await lstat(posix.join(place, found))));
    }
  }
  return [...names].filter(([, there]) => there).map(([name]) => name);
}

/** Text of a small file; empty if there is none. */
export async function readTextFile(
  layers: readonly string[],
  path: string,
  limitBytes: number = 4 << 20,
): Promise<string> {
  const entry = await findEntry(layers, path).catch(() => undefined);
  if (entry === undefined || !entry.stat.isFile()) return "";
  const file = await open(entry.places[0]!, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile() || stat.size > limitBytes) return "";
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}
