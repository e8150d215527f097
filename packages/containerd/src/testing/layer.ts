/**
 * Makes layers and images for tests, byte for byte reproducible.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import type { Call } from "../api/call.ts";
import type { Content } from "../api/content.ts";
import { END_OF_ARCHIVE, encodeHeader, type NewTarEntry, padding } from "../diff/tar_writer.ts";
import { childrenLabels } from "../images/read.ts";
import { type Descriptor, digestOf, hasCode, MEDIA_TYPE } from "../oci.ts";

/** One entry of a test layer. */
export type TestEntry = NewTarEntry & { readonly body?: string | Uint8Array };

/** A tar archive of `entries`, in their order. */
export function tarOf(entries: readonly TestEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { body = "", ...entry } of entries) {
    const bytes =
      entry.type !== "file" ? Buffer.alloc(0) : typeof body === "string" ? Buffer.from(body) : body;
    parts.push(encodeHeader({ ...entry, size: bytes.length }), bytes, padding(bytes.length));
  }
  parts.push(END_OF_ARCHIVE);
  return Buffer.concat(parts);
}

/** A layer's archive and the media type it is to have. */
export interface TestLayer {
  readonly tar: Uint8Array;
  /** @default {"gzip"} */
  readonly compression?: "none" | "gzip";
}

/** The documents and blobs of a one-platform image. */
export interface TestImage {
  readonly target: Descriptor;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly blobs: ReadonlyMap<string, { readonly descriptor: Descriptor; readonly bytes: Uint8Array }>;
}

/** Builds an image of `layers`, base first; `docker` gives it Docker's media types. */
export function imageOf(
  layers: readonly TestLayer[],
  options: { readonly docker?: boolean; readonly config?: object } = {},
): TestImage {
  const blobs = new Map<string, { descriptor: Descriptor; bytes: Uint8Array }>();
  const put = (mediaType: string, bytes: Uint8Array): Descriptor => {
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    blobs.set(descriptor.digest, { descriptor, bytes });
    return descriptor;
  };
  const json = (value: object): Uint8Array => Buffer.from(JSON.stringify(value));
  const made = layers.map(({ tar, compression = "gzip" }) =>
    compression === "gzip"
      ? put(options.docker ? MEDIA_TYPE.dockerLayerGzip : MEDIA_TYPE.layerGzip, gzipSync(tar, { level: 1 }))
      : put(options.docker ? MEDIA_TYPE.dockerLayer : MEDIA_TYPE.layer, tar),
  );
  const arch = { x64: "amd64", arm64: "arm64" }[process.arch as "x64"] ?? process.arch;
  const config = put(
    options.docker ? MEDIA_TYPE.dockerConfig : MEDIA_TYPE.config,
    json({
      architecture: arch,
      os: "linux",
      config: { Env: ["PATH=/bin"], Cmd: ["/bin/sh"], ...options.config },
      rootfs: { type: "layers", diff_ids: layers.map(({ tar }) => digestOf(tar)) },
      history: layers.map(() => ({ created: "1970-01-01T00:00:00Z", created_by: "test" })),
    }),
  );
  const mediaType = options.docker ? MEDIA_TYPE.dockerManifest : MEDIA_TYPE.manifest;
  const target = put(mediaType, json({ schemaVersion: 2, mediaType, config, layers: made }));
  return { target, config, layers: made, blobs };
}

/** Puts an image's blobs into a content store. */
export async function storeImage(content: Content, image: TestImage, call: Call): Promise<void> {
  for (const { descriptor, bytes } of image.blobs.values()) {
    const labels = descriptor === image.target ? childrenLabels([image.config, ...image.layers]) : {};
    try {
      const { digest: expected, size: total } = descriptor;
      await using writer = await content.writer({ ref: `test-${expected}`, total, expected }, call);
      const { offset } = await writer.status();
      await writer.write(bytes.subarray(offset));
      await writer.commit({ size: total, expected, labels });
    } catch (err) {
      if (!hasCode(err, "ALREADY_EXISTS")) throw err;
    }
  }
}
