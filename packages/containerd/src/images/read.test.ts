import { describe, expect, it } from "vitest";
import type { Content } from "../api/content.ts";
import { type Descriptor, digestOf, MEDIA_TYPE } from "../oci.ts";
import { childrenLabels, childrenOf, selectPlatform } from "./read.ts";

const call = { namespace: "test" };

function store() {
  const blobs = new Map<string, Uint8Array>();
  const content = {
    async *read(digest: string) {
      yield blobs.get(digest)!;
    },
  } as unknown as Content;
  const put = (mediaType: string, value: unknown): Descriptor => {
    const bytes = Buffer.from(JSON.stringify(value));
    const digest = digestOf(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  return { content, put };
}

function image(put: ReturnType<typeof store>["put"], architecture: string, variant?: string): Descriptor {
  const config = put(MEDIA_TYPE.config, {
    os: "linux",
    architecture,
    variant,
    rootfs: { type: "layers", diff_ids: [] },
  });
  const manifest = put(MEDIA_TYPE.manifest, { schemaVersion: 2, config, layers: [] });
  return { ...manifest, platform: { os: "linux", architecture, ...(variant && { variant }) } };
}

describe("selectPlatform()", () => {
  it("chooses the best manifest of an index, through indexes in it", async () => {
    const { content, put } = store();
    const [amd64, v6, v7] = [image(put, "amd64"), image(put, "arm", "v6"), image(put, "arm", "v7")];
    const inner = put(MEDIA_TYPE.dockerManifestList, { schemaVersion: 2, manifests: [v6, v7] });
    const attestation = { ...amd64, annotations: { "vnd.docker.reference.type": "attestation-manifest" } };
    const target = put(MEDIA_TYPE.index, {
      manifests: [attestation, { ...inner, platform: v7.platform }, amd64],
    });
    const found = async (architecture: string, variant?: string): Promise<string> =>
      (
        await selectPlatform(
          content,
          target,
          { os: "linux", architecture, ...(variant && { variant }) },
          call,
        )
      ).descriptor.digest;
    expect(await found("amd64")).toBe(amd64.digest);
    expect(await found("arm", "v7")).toBe(v7.digest);
    await expect(found("s390x")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("takes a lone image for another platform only if any will do", async () => {
    const { content, put } = store();
    const { platform: _, ...target } = image(put, "s390x");
    const wanted = { os: "linux", architecture: "amd64" };
    await expect(selectPlatform(content, target, wanted, call)).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(
      (await selectPlatform(content, target, wanted, call, { anySingle: true })).platform.architecture,
    ).toBe("s390x");
  });
});

describe("childrenOf()", () => {
  it("refuses descriptors that are none", async () => {
    const { content, put } = store();
    const good = { mediaType: "a/b", digest: digestOf(""), size: 0 };
    for (const bad of [
      null,
      7,
      {},
      { ...good, digest: "sha256:../x" },
      { ...good, size: -1 },
      { ...good, size: "1" },
    ]) {
      const target = put(MEDIA_TYPE.manifest, { config: good, layers: [bad] });
      await expect(childrenOf(content, target, call)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    }
  });
});

it("childrenLabels() numbers layers and manifests, and not the config", () => {
  const d = (mediaType: string, n: number): Descriptor => ({ mediaType, digest: `sha256:${n}`, size: 1 });
  expect(
    childrenLabels([
      d(MEDIA_TYPE.config, 1),
      d(MEDIA_TYPE.layer, 2),
      d(MEDIA_TYPE.dockerLayerGzip, 3),
      d("x/y", 4),
    ]),
  ).toEqual({
    "containerd.io/gc.ref.content.config": "sha256:1",
    "containerd.io/gc.ref.content.l.0": "sha256:2",
    "containerd.io/gc.ref.content.l.1": "sha256:3",
    "containerd.io/gc.ref.content.0": "sha256:4",
  });
});
