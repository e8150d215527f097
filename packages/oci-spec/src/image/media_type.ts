/**
 * Media types of images, OCI's and Docker's, and what they mean to us.
 *
 * Source: image-spec 1.1 `media-types.md`; Docker's as in distribution `manifest/schema2`, `manifest/manifestlist`.
 *
 * @module
 */

/** Media types by what they stand for. */
export const MEDIA_TYPE = {
  descriptor: "application/vnd.oci.descriptor.v1+json",
  layoutHeader: "application/vnd.oci.layout.header.v1+json",
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  empty: "application/vnd.oci.empty.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
  layerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  layerZstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  layerForeign: "application/vnd.oci.image.layer.nondistributable.v1.tar",
  layerForeignGzip: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
  layerForeignZstd: "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
  dockerManifestList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerSchema1: "application/vnd.docker.distribution.manifest.v1+prettyjws",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  dockerLayer: "application/vnd.docker.image.rootfs.diff.tar",
  dockerLayerGzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  dockerLayerZstd: "application/vnd.docker.image.rootfs.diff.tar.zstd",
  dockerLayerForeign: "application/vnd.docker.image.rootfs.foreign.diff.tar",
  dockerLayerForeignGzip: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
} as const;

/** What a document or blob is. */
export type MediaKind = "index" | "manifest" | "config" | "layer" | "empty" | "schema1" | "other";

/** How a layer is compressed. */
export type Compression = "none" | "gzip" | "zstd";

/** The value of `Accept` for manifests: every kind that we can read. */
export const MANIFEST_ACCEPT: string = [
  MEDIA_TYPE.dockerManifest,
  MEDIA_TYPE.dockerManifestList,
  MEDIA_TYPE.manifest,
  MEDIA_TYPE.index,
  "*/*",
].join(", ");

/** The media type without parameters, in lower case: `a/b; charset=utf-8` is `a/b`. */
export function baseMediaType(value: string): string {
  const semicolon = value.indexOf(";");
  return (semicolon < 0 ? value : value.slice(0, semicolon)).trim().toLowerCase();
}

/** What `mediaType` stands for, Docker's twins included. */
export function mediaKind(mediaType: string): MediaKind {
  const type = baseMediaType(mediaType);
  switch (type) {
    case MEDIA_TYPE.index:
    case MEDIA_TYPE.dockerManifestList:
      return "index";
    case MEDIA_TYPE.manifest:
    case MEDIA_TYPE.dockerManifest:
      return "manifest";
    case MEDIA_TYPE.config:
    case MEDIA_TYPE.dockerConfig:
      return "config";
    case MEDIA_TYPE.empty:
      return "empty";
    case MEDIA_TYPE.dockerSchema1:
    case "application/vnd.docker.distribution.manifest.v1+json":
      return "schema1";
  }
  const layer =
    type.startsWith("application/vnd.oci.image.layer.") ||
    type.startsWith("application/vnd.docker.image.rootfs.");
  return layer ? "layer" : "other";
}

/** How a layer of this media type is compressed; undefined where the type is no layer's or names another way. */
export function layerCompression(mediaType: string): Compression | undefined {
  if (mediaKind(mediaType) !== "layer") return undefined;
  const type = baseMediaType(mediaType);
  if (type.endsWith("tar")) return "none";
  if (type.endsWith("gzip")) return "gzip";
  return type.endsWith("zstd") ? "zstd" : undefined;
}

/** Whether a layer is one that registries do not hold (its bytes are at `urls`). */
export function isForeignLayer(mediaType: string): boolean {
  const type = baseMediaType(mediaType);
  return mediaKind(type) === "layer" && (type.includes(".nondistributable.") || type.includes(".foreign."));
}

/** OCI's name for a type of Docker's; any other type as it is. */
export function toOciMediaType(mediaType: string): string {
  switch (baseMediaType(mediaType)) {
    case MEDIA_TYPE.dockerManifestList:
      return MEDIA_TYPE.index;
    case MEDIA_TYPE.dockerManifest:
      return MEDIA_TYPE.manifest;
    case MEDIA_TYPE.dockerConfig:
      return MEDIA_TYPE.config;
    case MEDIA_TYPE.dockerLayer:
      return MEDIA_TYPE.layer;
    case MEDIA_TYPE.dockerLayerGzip:
      return MEDIA_TYPE.layerGzip;
    case MEDIA_TYPE.dockerLayerZstd:
      return MEDIA_TYPE.layerZstd;
    case MEDIA_TYPE.dockerLayerForeign:
      return MEDIA_TYPE.layerForeign;
    case MEDIA_TYPE.dockerLayerForeignGzip:
      return MEDIA_TYPE.layerForeignGzip;
    default:
      return mediaType;
  }
}
