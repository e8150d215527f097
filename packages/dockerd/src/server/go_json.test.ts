import fc from "fast-check";
import { expect, test } from "vitest";
import { hasCode } from "../errors.ts";
import { parseGoJson } from "./go_json.ts";

// Texts printed by Go's encoding/json for the same input.
test.each([
  ["{bad", "invalid JSON: invalid character 'b' looking for beginning of object key string"],
  ["{", "invalid JSON: unexpected EOF"],
  ["", "invalid JSON: got EOF while reading request body"],
  ["nul", "invalid JSON: unexpected EOF"],
  ["nulx", "invalid JSON: invalid character 'x' in literal null (expecting 'l')"],
  ['{"a" 1}', "invalid JSON: invalid character '1' after object key"],
  ['{"a":1 "b"}', "invalid JSON: invalid character '\"' after object key:value pair"],
  ["[1 2]", "invalid JSON: invalid character '2' after array element"],
  ['{"a":01}', "invalid JSON: invalid character '1' after object key:value pair"],
  ['"\\q"', "invalid JSON: invalid character 'q' in string escape code"],
  ['"\\u12x4"', "invalid JSON: invalid character 'x' in \\u hexadecimal character escape"],
  ["-x", "invalid JSON: invalid character 'x' in numeric literal"],
  ["1.x", "invalid JSON: invalid character 'x' after decimal point in numeric literal"],
  ["'a'", "invalid JSON: invalid character '\\'' looking for beginning of value"],
  ['{"a":1} {"b":2}', "unexpected content after JSON"],
])("parseGoJson(%j) says %j", (text, message) => {
  expect(() => parseGoJson(text)).toThrow(message);
});

test("parseGoJson() either parses as JSON.parse does or rejects with INVALID_ARGUMENT", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc.string(),
        fc.json().map((t) => t.slice(0, -1)),
        fc.json().map((t) => `${t}x`),
      ),
      (text) => {
        let expected: unknown;
        try {
          expected = JSON.parse(text);
        } catch {
          expect(() => parseGoJson(text)).toThrow(/^(invalid JSON: |unexpected content)/);
          return;
        }
        expect(parseGoJson(text)).toEqual(expected);
      },
    ),
  );
});

test("parseGoJson() refuses nesting that would exhaust the stack", () => {
  const deep = `${"[".repeat(200_000)}x`;
  try {
    parseGoJson(deep);
    expect.unreachable();
  } catch (err) {
    expect(hasCode(err, "INVALID_ARGUMENT")).toBe(true);
  }
});
