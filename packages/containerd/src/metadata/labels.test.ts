import { describe, expect, test } from "vitest";
import { hasCode } from "../errors.ts";
import { validateIdentifier, validateNamespace } from "./identifier.ts";
import { decodeLabels, encodeLabels, updatedLabels, validateLabels } from "./labels.ts";

describe("updatedLabels()", () => {
  const current = { a: "1", "b.c": "2" };
  test("replaces all without a mask", () => {
    expect(updatedLabels(current, { x: "y" }, undefined, "it")).toEqual({ x: "y" });
  });
  test("changes one key, which may hold dots; an empty value removes it", () => {
    expect(updatedLabels(current, { "b.c": "3" }, ["labels.b.c"], "it")).toEqual({ a: "1", "b.c": "3" });
    expect(updatedLabels(current, {}, ["labels.a"], "it")).toEqual({ "b.c": "2" });
  });
  test("refuses any other path with the peer's text", () => {
    expect(() => updatedLabels(current, {}, ["size"], 'content info "d"')).toThrow(
      'cannot update "size" field on content info "d": invalid argument',
    );
  });
});

describe("encodeLabels()", () => {
  test("drops empty values, keeps the rest, whatever the key", () => {
    const labels = { a: "", __proto__x: "1", ü: "→" };
    expect(decodeLabels(encodeLabels(labels))).toEqual({ __proto__x: "1", ü: "→" });
  });
});

describe("validateLabels()", () => {
  test("counts bytes of key and value together", () => {
    validateLabels({ k: "v".repeat(4095) }, "c");
    expect(() => validateLabels({ k: "v".repeat(4096) }, "c")).toThrow(/maximum size \(4096 bytes\), key: k/);
    expect(() => validateLabels({ k: "ü".repeat(2048) }, "c")).toThrow(/maximum size/);
  });
});

describe("validateIdentifier()", () => {
  test.each(["a", "A9", "a.b-c_d", "x".repeat(76)])("%s is one", (id) => validateIdentifier(id));
  test.each(["", "-a", "a-", "a..b", "a/b", "..", "ü", "x".repeat(77), "a\n"])("%j is none", (id) => {
    expect(() => validateIdentifier(id)).toThrow(/identifier/);
  });
  test("a missing namespace is a failed precondition", () => {
    try {
      validateNamespace("");
      expect.unreachable();
    } catch (err) {
      expect(hasCode(err, "FAILED_PRECONDITION")).toBe(true);
    }
  });
});
