/**
 * Image manifest: the config and the layers of one image for one platform.
 *
 * Source: image-spec 1.1 `manifest.md`, `specs-go/v1/manifest.go`; Docker's schema 2 has the same fields.
 *
 * @module
 */
import type { Descriptor } from "./descriptor.ts";

/** One image for one platform, or an artifact. */
export interface Manifest {
  /** Always 2. */
  schemaVersion: number;
  /** `MEDIA_TYPE.manifest`, or Docker's twin. */
  mediaType?: string;
  /** Kind of artifact; required if the config is the empty descriptor. */
  artifactType?: string;
  /** The config. */
  config: Descriptor;
  /** The layers, base first. */
  layers: Descriptor[];
  /** The manifest that this one refers to. */
  subject?: Descriptor;
  /** Free data. */
  annotations?: Record<string, string>;
}
