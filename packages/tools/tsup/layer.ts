/**
 * One build for every layer: its doors as ESM with declarations, its programs as single-file bundles.
 *
 * @module
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Options } from "tsup";
import { namedExports } from "./named_exports.ts";

/** Entry points among the files of `src/cli`. */
const PROGRAM = /^(main|ctr|docker|proxy|init)\.ts$/;

/** Build of the layer in `dir`, read from its package.json `exports` and `src/cli`. */
export function layerBuild(dir: string): Options[] {
  const manifest = JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) as {
    exports: Record<string, { "rt-source": string }>;
  };
  const doors = Object.values(manifest.exports).map((e) => e["rt-source"].slice(2));
  const entry = Object.fromEntries(doors.map((s) => [s.slice("src/".length, -".ts".length), s]));
  const common: Options = {
    format: "esm",
    target: "es2024",
    platform: "node",
    splitting: true,
    sourcemap: true,
    // "sqlite" without its "node:" is no module.
    removeNodeProtocol: false,
  };
  const builds: Options[] = [
    { ...common, entry, dts: true, clean: true, esbuildPlugins: [namedExports(dir)] },
  ];
  const cli = join(dir, "src/cli");
  const programs = (existsSync(cli) ? readdirSync(cli) : []).filter((f) => PROGRAM.test(f));
  if (programs.length > 0) {
    builds.push({
      ...common,
      splitting: false,
      entry: Object.fromEntries(programs.map((f) => [`cli/${f.slice(0, -3)}`, `src/cli/${f}`])),
      noExternal: [/.*/],
      minifySyntax: true,
      esbuildOptions: (o) => {
        o.conditions = ["rt-source"];
        o.banner = {
          js: 'import { createRequire as __rtRequire } from "node:module"; const require = __rtRequire(import.meta.url);',
        };
      },
    });
  }
  return builds;
}
