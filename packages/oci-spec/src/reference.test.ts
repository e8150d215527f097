import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatFamiliar,
  formatReference,
  parseAny,
  parseDockerReference,
  parseFamiliar,
  parseReference,
  withDefaultTag,
  withDigest,
  withTag,
} from "./reference.ts";

const hex = "a".repeat(64);
const digest = `sha256:${hex}`;
const format = "invalid reference format";

describe("parseFamiliar()", () => {
  test.each([
    ["busybox", "docker.io/library/busybox", "busybox"],
    ["busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36"],
    ["docker.io/busybox", "docker.io/library/busybox", "busybox"],
    ["index.docker.io/busybox", "docker.io/library/busybox", "busybox"],
    ["library/busybox", "docker.io/library/busybox", "busybox"],
    ["a/b", "docker.io/a/b", "a/b"],
    ["library/a/b", "docker.io/library/a/b", "library/a/b"],
    ["localhost/a", "localhost/a", "localhost/a"],
    ["localhost:5000/a:t", "localhost:5000/a:t", "localhost:5000/a:t"],
    ["127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b"],
    ["[fe80::1]:5000/a", "[fe80::1]:5000/a", "[fe80::1]:5000/a"],
    ["Reg/a", "Reg/a", "Reg/a"],
    [`ghcr.io/o/r@${digest}`, `ghcr.io/o/r@${digest}`, `ghcr.io/o/r@${digest}`],
    [`a:t@${digest}`, `docker.io/library/a:t@${digest}`, `a:t@${digest}`],
    ["a__b.c-d---e", "docker.io/library/a__b.c-d---e", "a__b.c-d---e"],
  ])("%s is %s", (text, whole, short) => {
    const ref = parseFamiliar(text);
    expect([formatReference(ref), formatFamiliar(ref)]).toEqual([whole, short]);
  });

  test.each([
    ["", format],
    ["Busybox", "invalid reference format: repository name (library/Busybox) must be lowercase"],
    ["a/Bc:T", "invalid reference format: repository name (a/Bc) must be lowercase"],
    [hex, `invalid repository name (${hex}), cannot specify 64-byte hexadecimal strings`],
    ["a:", format],
    ["a:t:u", format],
    ["a@x", format],
    ["-a", format],
    ["a..b", format],
    ["a___b", format],
    ["a/../b", format],
    ["a//b", format],
    [" a", format],
    ["a\n", format],
    ["https://a/b", format],
    [`a:${"t".repeat(129)}`, format],
    [`a@sha256:${"a".repeat(63)}`, "invalid checksum digest length"],
    [`a@md5:${"a".repeat(32)}`, "unsupported digest algorithm"],
    [`d.io/${"a".repeat(256)}`, "repository name must not be more than 255 characters"],
    ["a".repeat(5000), format],
  ])("refuses %j: %s", (text, message) => {
    expect(() => parseFamiliar(text)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", message }));
  });

  test("gives what parses to itself again, in both forms", () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    const host = fc.constantFrom("", "docker.io/", "localhost/", "r.io:5000/");
    fc.assert(
      fc.property(
        host,
        fc.array(word, { minLength: 1, maxLength: 4 }),
        fc.option(fc.stringMatching(/^\w[\w.-]{0,9}$/)),
        (h, path, tag) => {
          const ref = parseFamiliar(`${h}${path.join("/")}${tag === null ? "" : `:${tag}`}`);
          expect(parseFamiliar(formatReference(ref))).toEqual(ref);
          expect(parseFamiliar(formatFamiliar(ref))).toEqual(ref);
        },
      ),
    );
  });

  test("ends soon on text made to be slow", () => {
    const start = performance.now();
    for (const part of ["a-", "a.", "a", "[:", "a/", "A"]) {
      try {
        parseFamiliar(`${part.repeat(4096 / part.length - 1)}!`);
      } catch {}
    }
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

describe("parseReference()", () => {
  test("needs no domain, and tells upper case apart", () => {
    expect(parseReference("a/b:1")).toEqual({ domain: "a", path: "b", tag: "1" });
    expect(parseReference("a")).toEqual({ domain: "", path: "a" });
    expect(() => parseReference("A")).toThrow("repository name must be lowercase");
    expect(() => parseReference("")).toThrow("repository name must have at least one component");
  });
});

describe("parseDockerReference()", () => {
  test("adds latest, and drops the tag beside a digest", () => {
    expect(formatReference(parseDockerReference("a"))).toBe("docker.io/library/a:latest");
    expect(formatReference(parseDockerReference(`a:1@${digest}`))).toBe(`docker.io/library/a@${digest}`);
  });
});

describe("parseAny()", () => {
  test("tells ids, digests and names apart", () => {
    expect(parseAny(hex)).toEqual({ digest });
    expect(parseAny(digest)).toEqual({ digest });
    expect(parseAny("a")).toMatchObject({ path: "library/a" });
  });
});

describe("withTag(), withDigest(), withDefaultTag()", () => {
  test("change one part", () => {
    const ref = parseFamiliar("a");
    expect(withTag(ref, "x").tag).toBe("x");
    expect(() => withTag(ref, "a b")).toThrow("invalid tag format");
    expect(withDefaultTag(withDigest(ref, digest)).tag).toBeUndefined();
    expect(() => withDigest(ref, "x")).toThrow("invalid checksum digest format");
  });
});
