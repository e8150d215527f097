import fc from "fast-check";
import { expect, test } from "vitest";
import { createNanoClock, formatNano, formatNanoFixed, parseNano, parseTimestamp } from "./time.ts";

test("formatNano() leaves zeros out, formatNanoFixed() does not", () => {
  expect(formatNano(1_000_000_000n)).toBe("1970-01-01T00:00:01Z");
  expect(formatNano(1_500_000_000n)).toBe("1970-01-01T00:00:01.5Z");
  expect(formatNanoFixed(1_500_000_000n)).toBe("1970-01-01T00:00:01.500000000Z");
});

test("parseNano() gives back what was formatted", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n }), (n) => {
      expect(parseNano(formatNano(n))).toBe(n);
      expect(parseNano(formatNanoFixed(n))).toBe(n);
    }),
  );
});

test("parseTimestamp() takes seconds, fractions and RFC 3339", () => {
  expect(parseTimestamp("12")).toBe(12_000_000_000n);
  expect(parseTimestamp("12.5")).toBe(12_500_000_000n);
  expect(parseTimestamp("1970-01-01T01:00:00+01:00")).toBe(0n);
  expect(() => parseTimestamp("yesterday")).toThrow(/cannot parse/);
});

test("the clock never stands still or goes back", () => {
  const clock = createNanoClock();
  let last = 0n;
  for (let i = 0; i < 10_000; i++) {
    const now = clock();
    expect(now > last).toBe(true);
    last = now;
  }
});
