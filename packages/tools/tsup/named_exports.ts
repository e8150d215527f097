/**
 * esbuild plugin: writes `export * from "@rt/…"` out as the names that the built door of the layer below has.
 *
 * With code splitting esbuild does not look through a star re-export of an external module (it says "No matching
 * export"), so the doors that travel hand to hand would not build.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Options } from "tsup";

type Plugin = NonNullable<Options["esbuildPlugins"]>[number];

const STAR = /^export \* from "(@rt\/[^"]+)";$/gm;

/** The plugin for the package in `dir`; the layer below must be built. */
export function namedExports(dir: string): Plugin {
  const require = createRequire(join(dir, "package.json"));
  return {
    name: "rt-named-exports",
    setup(build) {
      build.onLoad({ filter: /\/src\/[a-z_/]+\.ts$/ }, async ({ path }) => {
        const source = readFileSync(path, "utf8");
        let contents = source;
        for (const [line, specifier = ""] of source.matchAll(STAR)) {
          const built = (await import(pathToFileURL(require.resolve(specifier)).href)) as object;
          contents = contents.replace(
            line,
            `export { ${Object.keys(built).join(", ")} } from "${specifier}";`,
          );
        }
        return contents === source ? undefined : { contents, loader: "ts" };
      });
    },
  };
}
