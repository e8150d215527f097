import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { defaultSpec, formatJson, parseJson, type Spec, validateSpec } from "../../src/index.ts";

/** What real runc's `spec` writes; undefined where there is no runc. */
function runcSpec(...flags: string[]): string | undefined {
  const dir = mkdtempSync(join(tmpdir(), "rt-spec-"));
  try {
    execFileSync("runc", ["spec", ...flags], { cwd: dir });
    return readFileSync(join(dir, "config.json"), "utf8");
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw err;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

describe("defaultSpec()", () => {
  const root = runcSpec();
  const reason = "runc is not installed";

  test("is byte for byte what real runc prints, its version apart", (context) => {
    if (root === undefined) return context.skip(reason);
    const { ociVersion } = JSON.parse(root) as Spec;
    expect(formatJson(defaultSpec({ ociVersion }))).toBe(root);
  });

  test("is so with --rootless too", (context) => {
    const text = runcSpec("--rootless");
    if (text === undefined) return context.skip(reason);
    const { ociVersion } = JSON.parse(text) as Spec;
    const rootless = { uid: process.geteuid!(), gid: process.getegid!() };
    expect(formatJson(defaultSpec({ ociVersion, rootless }))).toBe(text);
  });

  test("and what real runc prints is valid", (context) => {
    if (root === undefined) return context.skip(reason);
    expect(validateSpec(parseJson(root, "config.json"))).toEqual([]);
  });
});
