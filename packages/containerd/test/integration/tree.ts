/**
 * A tree on disk as plain data, so that two can be compared.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { toPath } from "../../src/diff/tar_entry.ts";
import type { Inodes } from "../../src/host/inodes.ts";

/** One line per inode: path, kind, mode, owner, size, time, device, attributes, content; links share a number. */
export async function treeOf(inodes: Inodes, root: string): Promise<string[]> {
  const paths: string[] = [];
  const walk = (path: string): void => {
    for (const name of readdirSync(toPath(path), { encoding: "latin1" }).sort()) {
      paths.push(`${path}/${name}`);
      if (lstatSync(toPath(`${path}/${name}`)).isDirectory()) walk(`${path}/${name}`);
    }
  };
  walk(root);
  const xattrs = await inodes.xattrs(paths.map(toPath));
  const links = new Map<bigint, string>();
  return paths.map((path, i) => {
    const s = lstatSync(toPath(path), { bigint: true });
    const shown = path.slice(root.length);
    const first = links.get(s.ino) ?? shown;
    links.set(s.ino, first);
    const content = s.isFile()
      ? createHash("sha256")
          .update(readFileSync(toPath(path)))
          .digest("hex")
          .slice(0, 12)
      : s.isSymbolicLink()
        ? readlinkSync(toPath(path))
        : "";
    const attributes = [...xattrs[i]!]
      .sort()
      .map(([k, v]) => `${k}=${Buffer.from(v).toString("hex")}`)
      .join(",");
    const size = s.isDirectory() ? "-" : s.size;
    const same = first === shown ? "" : ` = ${first}`;
    return `${shown} ${s.mode.toString(8)} ${s.uid}:${s.gid} ${size} ${s.mtimeNs} ${s.rdev} [${attributes}] ${content}${same}`;
  });
}
