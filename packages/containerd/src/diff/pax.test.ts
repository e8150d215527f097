import { describe, expect, it } from "vitest";
import { paxTime, readPax } from "./pax.ts";

const record = (key: string, value: string): string => {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length++;
  return `${length}${rest}`;
};

describe("readPax()", () => {
  it("keeps what a layer can use and passes over the rest", () => {
    const text = ["path=a/b", "uid=70000", "mtime=1.5", "comment=x", "SCHILY.xattr.user.k=v"];
    const body = Buffer.from(text.map((t) => record(...(t.split(/=(.*)/s) as [string, string]))).join(""));
    const got = readPax(body);
    expect(got).toMatchObject({ path: "a/b", uid: 70000, mtime: "1.5" });
    expect([...got.xattrs].map(([k, v]) => [k, Buffer.from(v).toString()])).toEqual([["user.k", "v"]]);
    expect(Object.keys(got)).not.toContain("comment");
  });

  for (const [what, body] of [
    ["a length that is none", "x path=a\n"],
    ["a length beyond the end", "99 path=a\n"],
    ["a length before the record's end", "7 path=a\n"],
    ["no equals sign", "8 patha\n"],
    ["no line end", "9 path=ab"],
    ["a NUL in a path", record("path", "a\0b")],
    ["a negative-looking size", record("size", "-x")],
    ["a size beyond 2^53", record("size", "99999999999999999")],
    ["an attribute without a name", record("SCHILY.xattr.", "v")],
  ] as const) {
    it(`refuses ${what}`, () => {
      expect(() => readPax(Buffer.from(body))).toThrow("invalid");
    });
  }
});

describe("paxTime()", () => {
  it("reads fractions of any length, and times before 1970", () => {
    expect(paxTime("12")).toEqual({ seconds: 12, nanoseconds: 0 });
    expect(paxTime("12.5")).toEqual({ seconds: 12, nanoseconds: 500_000_000 });
    expect(paxTime("12.1234567899")).toEqual({ seconds: 12, nanoseconds: 123_456_789 });
    expect(paxTime("-1.25")).toEqual({ seconds: -2, nanoseconds: 750_000_000 });
    expect(paxTime("-3")).toEqual({ seconds: -3, nanoseconds: 0 });
    expect(paxTime("")).toBeUndefined();
    expect(() => paxTime("1e9")).toThrow("invalid pax time");
  });
});
