/**
 * `pnpm compile`: the short-lived programs as single files, by `bun build --compile --bytecode`, into dist/bin.
 *
 * A compiled program starts in a fraction of an engine's time; `bin/NAME` prefers it where it is there.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./sources.ts";

/** Programs to compile: package, name, entry. */
const PROGRAMS: readonly (readonly [layer: string, name: string, entry: string])[] = [
  ["runc", "rt-runc", "main"],
  ["shim", "containerd-shim-rt-v2", "main"],
];

const bun = join(ROOT, "node_modules/@oven/bun-linux-x64/bin/bun");
for (const [layer, name, entry] of PROGRAMS) {
  const dist = join(ROOT, "packages", layer, "dist");
  mkdirSync(join(dist, "bin"), { recursive: true });
  const flags = ["build", "--compile", "--bytecode", "--minify-syntax", "--format=esm", "--target=bun"];
  const args = [...flags, join(dist, "cli", `${entry}.js`), "--outfile", join(dist, "bin", name)];
  const done = spawnSync(bun, args, { cwd: ROOT, stdio: "inherit" });
  if (done.status !== 0) process.exitCode = 1;
}
