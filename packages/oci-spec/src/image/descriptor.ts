/**
 * Descriptor: points at content by digest, size and media type.
 *
 * Source: image-spec 1.1 `descriptor.md`, `specs-go/v1/descriptor.go`.
 *
 * @module
 */
import type { Digest } from "../digest.ts";
import { MEDIA_TYPE } from "./media_type.ts";
import type { Platform } from "./platform.ts";

/** Points at content. */
export interface Descriptor {
  /** What the content is. */
  mediaType: string;
  /** The content's digest. */
  digest: Digest;
  /** The content's length. Bytes. */
  size: number;
  /** Where else the content may be had. */
  urls?: string[];
  /** Free data. */
  annotations?: Record<string, string>;
  /** The content itself, base64. */
  data?: string;
  /** What the image runs on; in an index. */
  platform?: Platform;
  /** Kind of artifact, if the content is a manifest. */
  artifactType?: string;
}

/** The descriptor of the two bytes `{}`, for documents that must point at something. */
export const EMPTY_DESCRIPTOR: Readonly<Descriptor> = {
  mediaType: MEDIA_TYPE.empty,
  digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
  size: 2,
  data: "e30=",
};
