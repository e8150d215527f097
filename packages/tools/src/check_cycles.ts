/**
 * Check: no import cycle that exists at run time.
 *
 * @module
 */
import { join, relative } from "node:path";
import { LAYERS } from "./layers.ts";
import { importsOf, parse, ROOT, relativeTarget, sourceFiles } from "./sources.ts";

/** The cycles of all layers, each as `a.ts → b.ts → a.ts`. */
export function checkCycles(): string[] {
  return LAYERS.flatMap((layer) => cyclesBelow(join(ROOT, "packages", layer.name, "src")));
}

function cyclesBelow(src: string): string[] {
  const graph = new Map<string, string[]>();
  for (const file of sourceFiles(src)) {
    const targets = importsOf(parse(file))
      .filter((e) => !e.typeOnly)
      .map(relativeTarget);
    graph.set(
      file,
      targets.filter((t) => t !== undefined),
    );
  }
  const done = new Set<string>();
  const cycles: string[] = [];
  const walk = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) {
      cycles.push([...path.slice(at), file].map((f) => relative(ROOT, f)).join(" → "));
      return;
    }
    if (done.has(file)) return;
    for (const next of graph.get(file) ?? []) walk(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) walk(file, []);
  return cycles;
}
