import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { digestOf, isDigest } from "../digest.ts";
import { chainId, chainIds } from "./chain_id.ts";
import { EMPTY_DESCRIPTOR } from "./descriptor.ts";
import { blobPath } from "./image_layout.ts";
import { isForeignLayer, layerCompression, MEDIA_TYPE, mediaKind, toOciMediaType } from "./media_type.ts";
import { parseImageConfig, parseImageIndex, parseManifest } from "./validate.ts";

/** One file of test/fixtures/image. */
interface Fixture {
  kind: "manifest" | "image index" | "image config";
  section: string;
  document: unknown;
  error: string;
}

const parse = { manifest: parseManifest, "image index": parseImageIndex, "image config": parseImageConfig };

function fixtures(verdict: "good" | "bad"): [name: string, fixture: Fixture][] {
  const dir = new URL(`../../test/fixtures/image/${verdict}/`, import.meta.url);
  return readdirSync(dir).map((name) => [name, JSON.parse(readFileSync(new URL(name, dir), "utf8"))]);
}

describe("image documents", () => {
  test.each(fixtures("good"))("%s is read", (_name, { kind, document }) => {
    expect(parse[kind](JSON.stringify(document))).toEqual(document);
  });

  test.each(fixtures("bad"))("%s is refused", (_name, { kind, document, error }) => {
    const message = `cannot read ${kind === "manifest" ? "image manifest" : kind}: ${error}`;
    expect(() => parse[kind](JSON.stringify(document))).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message }),
    );
  });

  test("throw nothing but INVALID_ARGUMENT on any text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        for (const read of Object.values(parse)) {
          try {
            read(text);
          } catch (err) {
            expect(err).toMatchObject({ code: "INVALID_ARGUMENT" });
          }
        }
      }),
    );
  });
});

describe("media types", () => {
  test("have a kind, a compression and a name of OCI's", () => {
    for (const [name, type] of Object.entries(MEDIA_TYPE)) {
      const layer = /layer/i.test(name) && name !== "layoutHeader";
      expect(mediaKind(type) === "layer", name).toBe(layer);
      expect(layerCompression(type) !== undefined, name).toBe(layer);
      expect(isForeignLayer(type), name).toBe(/foreign/i.test(name));
      expect(mediaKind(toOciMediaType(type)), name).toBe(mediaKind(type));
    }
    expect(layerCompression(MEDIA_TYPE.layerZstd)).toBe("zstd");
    expect(layerCompression(MEDIA_TYPE.dockerLayerGzip)).toBe("gzip");
    expect(layerCompression(MEDIA_TYPE.dockerLayer)).toBe("none");
    expect(layerCompression(`${MEDIA_TYPE.layer}+encrypted`)).toBeUndefined();
    expect(mediaKind(`${MEDIA_TYPE.manifest}; charset=utf-8`)).toBe("manifest");
    expect(mediaKind("text/plain")).toBe("other");
  });
});

describe("chainIds()", () => {
  test("fold the layers", () => {
    const [a, b, c] = ["a", "b", "c"].map((x) => digestOf(x)) as [string, string, string];
    const ab = digestOf(`${a} ${b}`);
    expect(chainIds([a, b, c])).toEqual([a, ab, digestOf(`${ab} ${c}`)]);
    expect(chainId([])).toBe("");
  });
});

describe("blobPath(), EMPTY_DESCRIPTOR", () => {
  test("name content by digest and nothing else", () => {
    expect(blobPath(EMPTY_DESCRIPTOR.digest)).toMatch(/^blobs\/sha256\/44136fa3/);
    expect(digestOf("{}")).toBe(EMPTY_DESCRIPTOR.digest);
    expect(() => blobPath("sha256:../../etc/passwd")).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
    expect(isDigest("sha256:../x")).toBe(false);
  });
});
