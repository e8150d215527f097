import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hasCode } from "../errors.ts";
import { parseFilters, readMap } from "./filter.ts";

const object: Record<string, string> = {
  name: "web-1",
  "labels.io.x/y": "1",
  "labels.tier": "front",
  empty: "",
};
const matches = (...filters: string[]): boolean => parseFilters(filters)((path) => readMap(object, path));

describe("parseFilters()", () => {
  test.each([
    [["name==web-1"], true],
    [["name==web"], false],
    [["name!=web"], true],
    [["name~=^web-[0-9]$"], true],
    [["name~=|^web|"], true],
    [["name~=/^web/,labels.tier==front"], true],
    [['labels."io.x/y"==1'], true],
    [["labels.tier"], true],
    [["labels.other"], false],
    [["labels.other!=x"], true],
    [["labels.other~=.*"], false],
    [["name==web-1,labels.tier==back"], false],
    [["name==no", "labels.tier==front"], true],
    [['name=="web\\x2d1"'], true],
    [["name == web-1 , labels.tier"], true],
    [["name~=("], false],
    [[""], true],
    [[], true],
  ] as const)("%j → %s", (filters, expected) => {
    expect(matches(...filters)).toBe(expected);
  });

  test.each([
    "name=",
    "name===x",
    "==x",
    "name==",
    "name==a b",
    "a,",
    ",a",
    'name=="open',
    "name==/alt/",
    'name=="\\q"',
  ])("%j is refused", (filter) => {
    expect(() => parseFilters([filter])).toThrow(/filters: parse error/);
  });

  test("never fails in another way than INVALID_ARGUMENT", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseFilters([text])(() => "v");
        } catch (err) {
          expect(hasCode(err, "INVALID_ARGUMENT")).toBe(true);
        }
      }),
    );
  });
});
