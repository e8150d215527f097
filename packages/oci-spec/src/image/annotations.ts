/**
 * Predefined annotation keys.
 *
 * Source: image-spec 1.1 `annotations.md`; containerd's as in containerd `core/images/annotations.go`.
 *
 * @module
 */

/** Keys that have a meaning, by what they say. */
export const ANNOTATION = {
  created: "org.opencontainers.image.created",
  authors: "org.opencontainers.image.authors",
  url: "org.opencontainers.image.url",
  documentation: "org.opencontainers.image.documentation",
  source: "org.opencontainers.image.source",
  version: "org.opencontainers.image.version",
  revision: "org.opencontainers.image.revision",
  vendor: "org.opencontainers.image.vendor",
  licenses: "org.opencontainers.image.licenses",
  refName: "org.opencontainers.image.ref.name",
  title: "org.opencontainers.image.title",
  description: "org.opencontainers.image.description",
  baseDigest: "org.opencontainers.image.base.digest",
  baseName: "org.opencontainers.image.base.name",
  containerdImageName: "io.containerd.image.name",
} as const;
