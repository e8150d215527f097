import { describe, expect, test } from "vitest";
import * as errors from "./errors.ts";
import {
  addClause,
  codeOf,
  codeOfErrno,
  ERROR_CODES,
  type ErrorCode,
  errorLine,
  hasCode,
  RtError,
} from "./errors.ts";
import * as door from "./oci.ts";

describe("RtError", () => {
  test("carries code, cause and details", () => {
    const cause = new Error("x");
    const err = new RtError("NOT_FOUND", "cannot find it", { cause, details: { id: "a" } });
    expect(err).toMatchObject({ name: "RtError", code: "NOT_FOUND", cause, details: { id: "a" } });
    expect(new RtError("UNKNOWN", "x")).not.toHaveProperty("details");
    expect(Object.hasOwn(new RtError("UNKNOWN", "x"), "cause")).toBe(false);
  });
});

describe("hasCode()", () => {
  test.each(ERROR_CODES)("sees %s through causes and aggregates", (code) => {
    const inner = new RtError(code, "inner");
    const outer = new Error("a", { cause: new AggregateError([new Error("b"), inner]) });
    expect(hasCode(outer, code)).toBe(true);
    const other: ErrorCode = code === "INTERNAL" ? "ABORTED" : "INTERNAL";
    expect(hasCode(outer, other)).toBe(false);
  });

  test("ends where causes go in a circle, and takes any value", () => {
    const a = new Error("a");
    a.cause = new Error("b", { cause: a });
    expect(hasCode(a, "NOT_FOUND")).toBe(false);
    for (const value of [undefined, null, 1, "x", {}]) expect(hasCode(value, "UNKNOWN")).toBe(false);
  });
});

describe("codeOf()", () => {
  test("takes the outermost class that says something", () => {
    const inner = new RtError("NOT_FOUND", "inner");
    expect(codeOf(new RtError("INTERNAL", "outer", { cause: inner }))).toBe("INTERNAL");
    expect(codeOf(new RtError("UNKNOWN", "outer", { cause: inner }))).toBe("NOT_FOUND");
    expect(codeOf(new Error("outer", { cause: inner }))).toBe("NOT_FOUND");
    expect(codeOf(Object.assign(new Error("ENOENT"), { code: "ENOENT" }))).toBe("UNKNOWN");
  });

  test("knows aborts and timeouts", () => {
    expect(codeOf(AbortSignal.abort().reason)).toBe("CANCELED");
    expect(codeOf(new DOMException("late", "TimeoutError"))).toBe("DEADLINE_EXCEEDED");
  });
});

describe("errorLine()", () => {
  test("tells each cause once, on one line", () => {
    const inner = new RtError("NOT_FOUND", "no such\n  file");
    expect(errorLine(addClause("cannot read a", inner))).toBe("cannot read a: no such file");
    expect(errorLine(new Error("cannot read a", { cause: inner }))).toBe("cannot read a: no such file");
    expect(errorLine("text")).toBe("text");
  });
});

describe("addClause()", () => {
  test("keeps class and details", () => {
    const err = addClause("cannot start a", new RtError("ABORTED", "b", { details: { n: 1 } }));
    expect(err).toMatchObject({ code: "ABORTED", message: "cannot start a: b", details: { n: 1 } });
  });
});

describe("codeOfErrno()", () => {
  test("gives a class of the set", () => {
    expect(codeOfErrno("ENOENT")).toBe("NOT_FOUND");
    expect(codeOfErrno("EPERM")).toBe("PERMISSION_DENIED");
    expect(codeOfErrno("EWHATEVER")).toBe("UNKNOWN");
  });
});

describe("the ./errors door", () => {
  test("is all on the ./oci door too, and every class is named after its export", () => {
    for (const [name, value] of Object.entries(errors)) {
      expect(door).toHaveProperty(name, value);
      if (typeof value !== "function" || !/Error$/.test(name)) continue;
      expect(value.prototype).toBeInstanceOf(name === "RtError" ? Error : RtError);
    }
  });

  test("lists these classes and no other", () => {
    const made = [
      new errors.InvalidDigestError("x", "r"),
      new errors.DigestMismatchError("a", "b"),
      new errors.InvalidReferenceError("x", "r"),
      new errors.InvalidPlatformError("x", "r"),
      new errors.InvalidDocumentError("k", "r"),
      new errors.FlagError("r"),
      new errors.InvalidSpecError("k", []),
      new errors.RegistryError("NOT_FOUND", "m", 404, []),
      new RtError("UNKNOWN", "x"),
    ];
    const exported = Object.keys(errors).filter((name) => name.endsWith("Error"));
    expect(made.map((e) => e.name).sort()).toEqual(exported.sort());
    for (const e of made) expect(ERROR_CODES).toContain(e.code);
  });
});
