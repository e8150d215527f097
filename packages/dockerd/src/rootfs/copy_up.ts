/**
 * Copies a directory of an image into a new volume, as Docker does for volumes that were empty.
 *
 * Source: moby `daemon/container/container_unix.go` CopyImagePathContent.
 *
 * @module
 */
import { chmod, copyFile, lchown, lutimes, mkdir, readdir, readlink, symlink } from "node:fs/promises";
import { posix } from "node:path";
import { findEntry, type LayerEntry, listEntries } from "./layers.ts";

/** Fills `target`, if it is empty, with what `layers` have at `path`; owner and mode of the directory too. */
export async function copyUp(layers: readonly string[], path: string, target: string): Promise<void> {
  const entry = await findEntry(layers, path);
  if (entry === undefined || !entry.stat.isDirectory()) return;
  if ((await readdir(target)).length > 0) return;
  await copyChildren(layers, entry, target);
  await copyAttributes(entry, target);
}

async function copyChildren(layers: readonly string[], dir: LayerEntry, target: string): Promise<void> {
  for (const name of await listEntries(dir)) {
    const child = await findEntry(layers, posix.join(dir.path, name), { nofollow: true });
    if (child === undefined) continue;
    const to = posix.join(target, name);
    const from = child.places[0]!;
    if (child.stat.isDirectory()) {
      await mkdir(to);
      await copyChildren(layers, child, to);
    } else if (child.stat.isSymbolicLink()) await symlink(await readlink(from), to);
    else if (child.stat.isFile()) await copyFile(from, to);
    else continue;
    await copyAttributes(child, to);
  }
}

async function copyAttributes({ stat }: LayerEntry, to: string): Promise<void> {
  await lchown(to, stat.uid, stat.gid);
  if (!stat.isSymbolicLink()) await chmod(to, stat.mode & 0o7777);
  await lutimes(to, stat.atime, stat.mtime);
}
