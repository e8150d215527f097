/**
 * Image layout: images as a directory or tar of blobs.
 *
 * | path | what |
 * |---|---|
 * | `oci-layout` | `{"imageLayoutVersion":"1.0.0"}` |
 * | `index.json` | an image index; names in the annotation `org.opencontainers.image.ref.name` |
 * | `blobs/<algorithm>/<hex>` | content by digest |
 *
 * Source: image-spec 1.1 `image-layout.md`.
 *
 * @module
 */
import { type Digest, parseDigest } from "../digest.ts";

/** Name of the header file. */
export const LAYOUT_FILE = "oci-layout";

/** Name of the index file. */
export const LAYOUT_INDEX_FILE = "index.json";

/** The layout version that we read and write. */
export const LAYOUT_VERSION = "1.0.0";

/** Content of the header file. */
export interface ImageLayout {
  /** Always `1.0.0`. */
  imageLayoutVersion: string;
}

/**
 * Path of a blob in a layout, e.g. `blobs/sha256/44136f…`; holds nothing but what a digest may.
 *
 * @throws {InvalidDigestError} `INVALID_ARGUMENT` if `digest` is malformed.
 */
export function blobPath(digest: Digest): string {
  const { algorithm, hex } = parseDigest(digest);
  return `blobs/${algorithm}/${hex}`;
}
