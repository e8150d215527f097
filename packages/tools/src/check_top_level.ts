/**
 * Check: the top level holds exactly what it should, and nothing generated is edited by hand.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./sources.ts";

const ALLOWED: ReadonlySet<string> = new Set([
  ".changeset",
  ".ci",
  ".gitignore",
  "LICENSE",
  "README.md",
  "biome.json",
  "deno.json",
  "docs",
  "package.json",
  "packages",
  "pnpm-lock.yaml",
  "pnpm-workspace.yaml",
  "tsconfig.json",
  "turbo.json",
]);

/** Problems, one line each. */
export function checkTopLevel(): string[] {
  const tracked = execFileSync("git", ["ls-files"], { cwd: ROOT, encoding: "utf8", maxBuffer: 1 << 26 })
    .split("\n")
    .filter(Boolean);
  const top = new Set(tracked.map((f) => f.split("/")[0] ?? ""));
  const extra = [...top].filter((t) => !ALLOWED.has(t)).map((t) => `${t}: not a name for the top level`);
  const unmarked = tracked
    .filter((f) => /\/api\/gen\/.*\.ts$/.test(f))
    .filter((f) => !/@generated/.test(readFileSync(join(ROOT, f), "utf8").slice(0, 4000)))
    .map((f) => `${f}: generated code must say @generated in its head`);
  return [...extra, ...unmarked];
}
