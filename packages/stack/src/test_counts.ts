/**
 * Counts of a test run: read from vitest's JSON report, added up over many runs, printed as one plain line.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";

/** How many tests passed, failed and were skipped. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The part of vitest's JSON report that is read here. */
interface VitestReport {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly numTotalTests: number;
}

/** Full names of the skipped tests of the report at `path`; they say why. */
export function skippedNames(path: string): string[] {
  if (!existsSync(path)) return [];
  const { testResults } = JSON.parse(readFileSync(path, "utf8")) as {
    testResults: readonly { assertionResults: readonly { status: string; fullName: string }[] }[];
  };
  const all = testResults.flatMap((r) => r.assertionResults);
  return all.filter((a) => a.status !== "passed" && a.status !== "failed").map((a) => a.fullName);
}

/** No test at all. */
export const NO_TESTS: TestCounts = { passed: 0, failed: 0, skipped: 0 };

/**
 * Counts of the report at `path`. A run that exited with another status than 0 has at least one failure, also where
 * its report is missing or knows of none (a suite that did not load).
 */
export function countsOf(path: string, exitCode: number): TestCounts {
  if (!existsSync(path)) return { ...NO_TESTS, failed: exitCode === 0 ? 0 : 1 };
  const r = JSON.parse(readFileSync(path, "utf8")) as VitestReport;
  const failed = r.numFailedTests > 0 || (exitCode === 0 && r.success) ? r.numFailedTests : 1;
  return { passed: r.numPassedTests, failed, skipped: r.numPendingTests + r.numTodoTests };
}

/** The sum of two counts. */
export function add(a: TestCounts, b: TestCounts): TestCounts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** The closing line: `N passed, N failed, N skipped`. */
export function summary(c: TestCounts): string {
  return `${c.passed} passed, ${c.failed} failed, ${c.skipped} skipped`;
}
