/**
 * Check: every layer imports only the layer below, by its doors, and keeps its inner folders apart.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, relative } from "node:path";
import { DOORS, GEN_READERS, GUARDED_MODULES, LAYERS, type Layer } from "./layers.ts";
import { type ImportEdge, importsOf, parse, place, ROOT, relativeTarget, sourceFiles } from "./sources.ts";

/** Problems of the import graph, one line each: `file:line specifier: reason`. */
export function checkLayers(): string[] {
  return LAYERS.flatMap((layer) => [...checkSources(layer), ...checkManifest(layer)]);
}

function checkSources(layer: Layer): string[] {
  const src = join(ROOT, "packages", layer.name, "src");
  const problems: string[] = [];
  for (const file of sourceFiles(src)) {
    const inner = relative(src, file);
    if (inner.startsWith("api/gen/")) continue;
    for (const edge of importsOf(parse(file))) {
      const reason = whyForbidden(layer, src, inner, edge);
      if (reason !== undefined) problems.push(`${place(edge.file, edge.line)} ${edge.specifier}: ${reason}`);
    }
  }
  return problems;
}

function whyForbidden(layer: Layer, src: string, inner: string, edge: ImportEdge): string | undefined {
  const isTest = inner.endsWith(".test.ts");
  const target = relativeTarget(edge);
  if (target !== undefined) {
    const to = relative(src, target);
    if (to.startsWith("..")) return "a relative import must stay inside its package's src";
    if (!to.endsWith(".ts")) return "relative imports end in .ts";
    const folder = inner.split("/")[0] ?? "";
    if (to.startsWith("api/gen/") && !isTest && !GEN_READERS.includes(folder))
      return `generated code is only for ${GEN_READERS.join(", ")}`;
    if (to.startsWith("testing/") && !isTest && folder !== "testing") return "doubles are only for tests";
    return undefined;
  }
  const guarded = GUARDED_MODULES[edge.specifier];
  if (
    guarded !== undefined &&
    !isTest &&
    !guarded.some((p) => inner.startsWith(p) || inner.includes(`/${p}`))
  )
    return `only ${guarded.join(", ")} may import it`;
  if (edge.specifier.startsWith("@rt/")) return whyForbiddenLayer(layer, edge.specifier);
  if (!edge.specifier.startsWith("node:") && builtinModules.includes(edge.specifier))
    return "write node: before it";
  return undefined;
}

function whyForbiddenLayer(layer: Layer, specifier: string): string | undefined {
  const [, name = "", ...rest] = specifier.split("/");
  const door = rest.length === 0 ? "." : `./${rest.join("/")}`;
  if (name !== layer.below) return `@rt/${layer.name} may only import @rt/${layer.below ?? "(nothing)"}`;
  if (!DOORS.includes(door)) return `not a door of @rt/${name} (${DOORS.join(" ")})`;
  return undefined;
}

function checkManifest(layer: Layer): string[] {
  const path = join(ROOT, "packages", layer.name, "package.json");
  const manifest = JSON.parse(readFileSync(path, "utf8")) as { dependencies?: Record<string, string> };
  const found = Object.keys(manifest.dependencies ?? {}).filter((d) => d.startsWith("@rt/"));
  const wanted = layer.below === undefined ? [] : [`@rt/${layer.below}`];
  if (found.join() === wanted.join()) return [];
  return [`${place(path, 1)} dependencies: has [${found}] where the layer table says [${wanted}]`];
}
