import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { CHECKS } from "./ok.ts";
import { importsOf, parse } from "./sources.ts";

const dir = mkdtempSync(join(tmpdir(), "rt-tools-"));
afterAll(() => rmSync(dir, { recursive: true }));

describe("repository", () => {
  for (const check of CHECKS) test(`check: ${check.name}`, () => expect(check.problems()).toEqual([]));
});

test("importsOf() finds static, type-only, re-exported and dynamic imports with their lines", () => {
  const file = join(dir, "sample.ts");
  writeFileSync(
    file,
    `import a from "./a.ts";\nimport type { B } from "./b.ts";\nexport * from "@rt/runc";\nawait import("node:fs");\n`,
  );
  expect(importsOf(parse(file)).map((e) => [e.line, e.specifier, e.typeOnly])).toEqual([
    [1, "./a.ts", false],
    [2, "./b.ts", true],
    [3, "@rt/runc", false],
    [4, "node:fs", false],
  ]);
});
