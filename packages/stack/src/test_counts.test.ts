import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { add, countsOf, NO_TESTS, skippedNames, summary } from "./test_counts.ts";

const dir = mkdtempSync(join(tmpdir(), "rt-counts-"));
afterAll(() => rmSync(dir, { recursive: true }));

function report(fields: object): string {
  const path = join(dir, "r.json");
  const base = { success: true, numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };
  writeFileSync(path, JSON.stringify({ ...base, ...fields }));
  return path;
}

test("countsOf() reads passed, failed and skipped", () => {
  const path = report({
    success: false,
    numPassedTests: 3,
    numFailedTests: 2,
    numPendingTests: 1,
    numTodoTests: 1,
  });
  expect(countsOf(path, 1)).toEqual({ passed: 3, failed: 2, skipped: 2 });
});

test("countsOf() counts a suite that did not load as a failure", () => {
  expect(countsOf(report({ success: false }), 1).failed).toBe(1);
  expect(countsOf(join(dir, "absent.json"), 1).failed).toBe(1);
});

test("skippedNames() lists what was skipped, by full name", () => {
  const results = ["passed", "pending", "skipped"].map((status) => ({
    status,
    fullName: `a (skipped: why) ${status}`,
  }));
  const path = report({ testResults: [{ assertionResults: results }] });
  expect(skippedNames(path)).toEqual(["a (skipped: why) pending", "a (skipped: why) skipped"]);
});

test("summary() prints the plain closing line of a sum", () => {
  expect(summary(add(NO_TESTS, { passed: 1, failed: 0, skipped: 2 }))).toBe("1 passed, 0 failed, 2 skipped");
});
