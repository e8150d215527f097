/**
 * The documents of image archives: OCI layout and what `docker save` writes, one beside the other.
 *
 * ```
 * oci-layout            {"imageLayoutVersion":"1.0.0"}
 * index.json            OCI index; names are annotations of its entries
 * manifest.json         Docker: config, layers and tags of each image, by path
 * blobs/sha256/<hex>    content
 * ```
 * Docker before 25 wrote `<hex>.json` and `<id>/layer.tar` instead of blobs.
 * Source: image-spec image-layout.md; containerd core/images/archive; moby image/tarexport.
 *
 * @module
 */
import { RtError } from "../oci.ts";

/** Annotation with the whole name of an image. */
export const IMAGE_NAME_ANNOTATION = "io.containerd.image.name";
/** Annotation with the tag, or with whatever its writer took for a name. */
export const REF_NAME_ANNOTATION = "org.opencontainers.image.ref.name";

/** One image of `manifest.json`. Paths are those of the archive. */
export interface DockerArchiveImage {
  readonly Config: string;
  readonly RepoTags: readonly string[];
  readonly Layers: readonly string[];
}

/**
 * Checks `manifest.json`.
 *
 * @throws {RtError} `INVALID_ARGUMENT` if it is not one.
 */
export function parseDockerArchive(value: unknown): DockerArchiveImage[] {
  const bad = (): RtError =>
    new RtError("INVALID_ARGUMENT", "cannot read image archive: malformed manifest.json");
  if (!Array.isArray(value)) throw bad();
  return value.map((image: unknown) => {
    if (typeof image !== "object" || image === null) throw bad();
    const { Config, RepoTags, Layers } = image as Record<string, unknown>;
    if (typeof Config !== "string" || !isStrings(RepoTags ?? []) || !isStrings(Layers ?? [])) throw bad();
    return { Config, RepoTags: (RepoTags ?? []) as string[], Layers: (Layers ?? []) as string[] };
  });
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((v) => typeof v === "string");
}
