/**
 * The folder where packages and images are kept, outside the repository: one folder per thing and version.
 *
 * @module
 */
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Makes `dir/name` by `build` unless it is there; what fails half-way leaves nothing behind. Returns its path. */
export async function cached(
  dir: string,
  name: string,
  build: (into: string) => Promise<void> | void,
): Promise<string> {
  const path = join(dir, name);
  if (existsSync(path)) return path;
  const half = `${path}.${process.pid}.part`;
  mkdirSync(half, { recursive: true });
  try {
    await build(half);
    if (!existsSync(path)) renameSync(half, path);
  } finally {
    rmSync(half, { recursive: true, force: true });
  }
  return path;
}
