/**
 * Diff: layers onto mounts, and mounts into layers.
 *
 * Source: containerd api/services/diff/v1, core/diff/diff.go.
 *
 * @module
 */
import type { Descriptor } from "../oci.ts";
import type { Call, Labels, TypedAny } from "./call.ts";
import type { Mount } from "./mount.ts";

/** How to apply a layer. */
export interface ApplyOptions {
  /** Configuration of stream processors by id, e.g. decryption keys. */
  readonly payloads?: Readonly<Record<string, TypedAny>>;
  /** Flushes the file system before resolving. @default {false} */
  readonly syncFs?: boolean;
}

/** How to write a layer. */
export interface CompareOptions {
  /** Media type of the layer. @default {"application/vnd.oci.image.layer.v1.tar+gzip"} */
  readonly mediaType?: string;
  /** Ref of the ingest. @default a fresh one */
  readonly ref?: string;
  /** Labels set on the blob; `containerd.io/uncompressed` is added for compressed layers. */
  readonly labels?: Labels;
  /** Time stamp that whiteouts and newer files get (SOURCE_DATE_EPOCH). */
  readonly sourceDateEpoch?: Date;
}

/** Diff service. */
export interface Diff {
  /**
   * Unpacks the layer `diff` from the content store onto `mounts`.
   *
   * @returns The descriptor of the uncompressed layer; its digest is the diffID.
   * @throws `NOT_FOUND` if the blob is missing; `NOT_IMPLEMENTED` for a media type no applier knows.
   */
  apply(diff: Descriptor, mounts: readonly Mount[], options: ApplyOptions, call: Call): Promise<Descriptor>;
  /** Writes what `right` has over `left` into the content store as a layer. */
  compare(
    left: readonly Mount[],
    right: readonly Mount[],
    options: CompareOptions,
    call: Call,
  ): Promise<Descriptor>;
}
