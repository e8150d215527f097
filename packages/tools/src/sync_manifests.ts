/**
 * Keeps each layer's deno.json in step with its package.json: name, version, licence, doors.
 *
 * Run it after `changeset version`; with `--check` it only reports.
 *
 * @module
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LAYERS } from "./layers.ts";
import { ROOT } from "./sources.ts";

interface Manifest {
  name: string;
  version: string;
  license: string;
  exports: Record<string, { "rt-source": string; types: string; default: string }>;
}

/** Layers whose manifests disagree, one line each; with `write`, puts deno.json right first. */
export function syncManifests(write: boolean): string[] {
  return LAYERS.flatMap(({ name }) => {
    const dir = join(ROOT, "packages", name);
    const manifest = JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) as Manifest;
    const wanted = `${JSON.stringify(denoManifest(manifest), null, 2)}\n`;
    const path = join(dir, "deno.json");
    if (normal(readFileSync(path, "utf8")) === normal(wanted)) return exportProblems(name, manifest);
    if (write) writeFileSync(path, wanted);
    return write ? [] : [`packages/${name}/deno.json is not in step with package.json: run sync_manifests`];
  });
}

function denoManifest(m: Manifest): unknown {
  const doors = Object.entries(m.exports).map(([door, to]) => [door, to["rt-source"]]);
  return {
    name: m.name,
    version: m.version,
    license: m.license,
    exports: Object.fromEntries(doors),
    publish: { include: ["src", "README.md", "deno.json"], exclude: ["src/**/*.test.ts"] },
  };
}

/** Each door's built files must follow from its source file. */
function exportProblems(name: string, m: Manifest): string[] {
  return Object.entries(m.exports).flatMap(([door, to]) => {
    const stem = to["rt-source"].replace(/^\.\/src\//, "./dist/").replace(/\.ts$/, "");
    if (to.types === `${stem}.d.ts` && to.default === `${stem}.js`) return [];
    return [`packages/${name}/package.json exports["${door}"]: types and default must be ${stem}.{d.ts,js}`];
  });
}

function normal(json: string): string {
  return JSON.stringify(JSON.parse(json));
}

if (import.meta.main) {
  const problems = syncManifests(!process.argv.includes("--check"));
  for (const p of problems) console.error(p);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
