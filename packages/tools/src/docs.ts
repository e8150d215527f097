/**
 * `pnpm docs`: the reference site of all packages, one TypeDoc project per package, into docs/site.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LAYERS } from "./layers.ts";
import { ROOT } from "./sources.ts";

/** Doors that travel hand to hand are documented where they come from. */
const OWNER: Readonly<Record<string, string>> = { "./oci": "oci-spec", "./kernel": "runc" };

/** A TypeDoc configuration per package, with its doors as entry points. Written beside the package, not tracked. */
function packageConfig(name: string): void {
  const dir = join(ROOT, "packages", name);
  const manifest = JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) as {
    exports: Record<string, { "rt-source": string }>;
  };
  const entryPoints = Object.entries(manifest.exports)
    .filter(([door]) => OWNER[door] === undefined || OWNER[door] === name)
    .map(([, to]) => to["rt-source"]);
  writeFileSync(join(dir, "typedoc.json"), `${JSON.stringify({ entryPoints }, null, 2)}\n`);
}

for (const layer of LAYERS) packageConfig(layer.name);
const done = spawnSync("typedoc", ["--options", join(ROOT, "docs/typedoc.json")], {
  cwd: ROOT,
  stdio: "inherit",
});
process.exitCode = done.status ?? 1;
