import { expect, test } from "vitest";
import { figures, interleave, table } from "./sample.ts";

test("figures() gives the median of even and odd counts", () => {
  expect(figures("a", [3, 1, 2])).toEqual({ name: "a", median: 2, min: 1, max: 3, n: 3 });
  expect(figures("a", [4, 1, 2, 3]).median).toBe(2.5);
});

test("interleave() runs every side in each round and leaves the warm-ups out", async () => {
  const calls: string[] = [];
  const sides = ["a", "b"].map((name) => ({ name, run: () => void calls.push(name) }));
  const rows = await interleave(sides, 3, 1);
  expect(rows.map((r) => [r.name, r.n])).toEqual([
    ["a", 3],
    ["b", 3],
  ]);
  expect(calls.filter((c) => c === "a")).toHaveLength(4);
});

test("table() prints ratios to the first line", () => {
  const text = table("t", [figures("peer", [20]), figures("ours", [5])]);
  expect(text).toMatch(/peer .*1\.00 ×/);
  expect(text).toMatch(/ours .*0\.25 ×/);
});
