/**
 * Images: names for descriptors; the tree below one is content.
 *
 * Source: containerd api/services/images/v1, core/images/image.go.
 *
 * @module
 */
import type { Descriptor } from "../oci.ts";
import type { Call, Labels } from "./call.ts";

/** A named descriptor. */
export interface Image {
  /** E.g. `docker.io/library/busybox:latest`. */
  readonly name: string;
  readonly labels: Labels;
  /** Manifest or index. */
  readonly target: Descriptor;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What {@linkcode Images.create} and {@linkcode Images.update} take. */
export type ImageInput = Pick<Image, "name" | "target"> & Partial<Pick<Image, "labels">>;

/** How to delete an image. */
export interface DeleteImageOptions {
  /** Waits until garbage collection has run. @default {false} */
  readonly sync?: boolean;
}

/** Image store. */
export interface Images {
  /** @throws `NOT_FOUND`. */
  get(name: string, call: Call): Promise<Image>;
  list(filters: readonly string[], call: Call): Promise<readonly Image[]>;
  /** @throws `ALREADY_EXISTS`, `INVALID_ARGUMENT`. */
  create(image: ImageInput, call: Call): Promise<Image>;
  /**
   * Changes the fields named by `fieldPaths` (`labels`, `labels.<key>`, `target`, `annotations…`); all if absent.
   *
   * @throws `NOT_FOUND`, `INVALID_ARGUMENT`.
   */
  update(image: ImageInput, fieldPaths: readonly string[] | undefined, call: Call): Promise<Image>;
  /** @throws `NOT_FOUND`. */
  delete(name: string, options: DeleteImageOptions, call: Call): Promise<void>;
}
