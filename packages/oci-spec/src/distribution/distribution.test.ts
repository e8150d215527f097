import { describe, expect, test } from "vitest";
import { codeOf, ERROR_CODES } from "../errdefs.ts";
import { parseChallenges } from "./challenge.ts";
import {
  blobUrlPath,
  manifestPath,
  referrersPath,
  referrersTag,
  tagsPath,
  uploadsPath,
} from "./endpoints.ts";
import {
  codeOfHttpStatus,
  codeOfRegistryCode,
  formatRegistryError,
  REGISTRY_CODES,
  registryError,
} from "./error.ts";
import { formatNextLink, nextLink } from "./tags.ts";

const digest = `sha256:${"a".repeat(64)}`;

describe("endpoints", () => {
  test("are the spec's", () => {
    expect(blobUrlPath("a/b", digest)).toBe(`/v2/a/b/blobs/${digest}`);
    expect(manifestPath("a", "t")).toBe("/v2/a/manifests/t");
    expect(manifestPath("a", digest, { tags: ["x", "y"] })).toBe(`/v2/a/manifests/${digest}?tag=x&tag=y`);
    expect(uploadsPath("a")).toBe("/v2/a/blobs/uploads/");
    expect(uploadsPath("a", { mount: "sha256:1", from: "b/c" })).toBe(
      "/v2/a/blobs/uploads/?mount=sha256%3A1&from=b%2Fc",
    );
    expect(tagsPath("a", { n: 2, last: "x" })).toBe("/v2/a/tags/list?n=2&last=x");
    expect(referrersPath("a", "d", "x/y+z")).toBe("/v2/a/referrers/d?artifactType=x%2Fy%2Bz");
    expect(referrersTag(digest)).toBe(`sha256-${"a".repeat(64)}`);
  });
});

describe("registryError()", () => {
  test.each(REGISTRY_CODES)("survives a round trip of %s", (code) => {
    const err = registryError("cannot pull a", 400, formatRegistryError(code, "text", { x: 1 }));
    expect(err.code).toBe(codeOfRegistryCode(code));
    expect(err.entries).toEqual([{ code, message: "text", detail: { x: 1 } }]);
    expect(err.message).toBe(`cannot pull a: ${code.toLowerCase().replaceAll("_", " ")}: text`);
  });

  test.each([
    [401, "UNAUTHENTICATED"],
    [403, "PERMISSION_DENIED"],
    [404, "NOT_FOUND"],
    [429, "RESOURCE_EXHAUSTED"],
    [503, "UNAVAILABLE"],
    [500, "INTERNAL"],
    [400, "INVALID_ARGUMENT"],
  ])("falls back on status %i", (status, code) => {
    for (const body of ["", "<html>", "null", "[]", '{"errors":{}}', '{"errors":[1,null]}']) {
      expect(codeOf(registryError("x", status as number, body))).toBe(code);
    }
  });

  test("gives every status a class", () => {
    for (let status = 0; status < 600; status++) expect(ERROR_CODES).toContain(codeOfHttpStatus(status));
  });
});

describe("nextLink()", () => {
  test.each([
    [formatNextLink("/v2/a?n=1"), "/v2/a?n=1"],
    ["</x>; rel=next", "/x"],
    ['</p>; rel="prev", </n>; title="a"; rel="last next"', "/n"],
    ['</p>; rel="prev"', undefined],
    ['</p>; rel="nextpage"', undefined],
    ["", undefined],
    [null, undefined],
  ])("%s is %s", (header, target) => {
    expect(nextLink(header)).toBe(target);
  });
});

describe("parseChallenges()", () => {
  test("reads realm, service and scope, quotes and all", () => {
    expect(
      parseChallenges('Bearer realm="https://a/t",service="r, \\"x\\"",scope="repository:a/b:pull,push"'),
    ).toEqual([
      {
        scheme: "bearer",
        parameters: { realm: "https://a/t", service: 'r, "x"', scope: "repository:a/b:pull,push" },
      },
    ]);
  });

  test("reads several, and ends at what it cannot read", () => {
    expect(
      parseChallenges('Basic realm=x, Bearer realm="y"').map((c) => [c.scheme, c.parameters.realm]),
    ).toEqual([
      ["basic", "x"],
      ["bearer", "y"],
    ]);
    expect(parseChallenges("Negotiate abc==, Basic").length).toBeLessThan(3);
    for (const bad of ['realm="x"', "", null, '"', '="', `Bearer realm="${"\\".repeat(9000)}`])
      expect(parseChallenges(bad).length).toBeLessThan(2);
  });

  test("cannot reach a prototype", () => {
    expect(Object.getPrototypeOf(parseChallenges('A __proto__="x"')[0]?.parameters)).toBeNull();
  });
});
