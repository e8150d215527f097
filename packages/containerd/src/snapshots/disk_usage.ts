/**
 * Disk usage of a tree: blocks and inodes, each inode counted once.
 *
 * @module
 */
import { lstatSync, readdirSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import type { SnapshotUsage } from "../api/snapshots.ts";
import { toBinary, toPath } from "../diff/tar_entry.ts";

/** How long the walk runs without letting the event loop turn. Milliseconds. */
const SLICE_MS = 8;

/** What `root` and all below it occupy; files that vanish meanwhile do not count. */
export async function diskUsage(root: string): Promise<SnapshotUsage> {
  let size = 0;
  const seen = new Set<string>();
  const left = [toBinary(root)];
  let since = performance.now();
  for (let path = left.pop(); path !== undefined; path = left.pop()) {
    const stat = lstatSync(toPath(path), { throwIfNoEntry: false });
    if (stat === undefined) continue;
    const inode = `${stat.dev}:${stat.ino}`;
    if (!seen.has(inode)) {
      seen.add(inode);
      size += stat.blocks * 512;
    }
    if (stat.isDirectory()) for (const name of namesIn(path)) left.push(`${path}/${name}`);
    if (performance.now() - since > SLICE_MS) {
      await turn();
      since = performance.now();
    }
  }
  return { size, inodes: seen.size };
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(toPath(path), { encoding: "latin1" });
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw err;
  }
}
