/**
 * Image index: manifests for several platforms; also `index.json` of an image layout.
 *
 * Source: image-spec 1.1 `image-index.md`, `specs-go/v1/index.go`; Docker's manifest list has the same fields.
 *
 * @module
 */
import type { Descriptor } from "./descriptor.ts";

/** A list of manifests. */
export interface ImageIndex {
  /** Always 2. */
  schemaVersion: number;
  /** `MEDIA_TYPE.index`, or Docker's twin. */
  mediaType?: string;
  /** Kind of artifact. */
  artifactType?: string;
  /** The manifests, or further indexes. */
  manifests: Descriptor[];
  /** The manifest that this index refers to. */
  subject?: Descriptor;
  /** Free data. */
  annotations?: Record<string, string>;
}
