/**
 * Export: images as one tar archive that `docker load`, `ctr images import` and OCI tools read.
 *
 * @module
 */
import type { Call } from "../api/call.ts";
import type { Containerd } from "../api/containerd.ts";
import { END_OF_ARCHIVE, encodeHeader, padding } from "../diff/tar_writer.ts";
import {
  type Descriptor,
  formatFamiliar,
  hasCode,
  hostPlatform,
  type ImageIndex,
  isForeignLayer,
  MEDIA_TYPE,
  mediaKind,
  type Platform,
  parseFamiliar,
  platformRank,
  RtError,
} from "../oci.ts";
import { type DockerArchiveImage, IMAGE_NAME_ANNOTATION, REF_NAME_ANNOTATION } from "./archive.ts";
import { childrenOf, type PlatformImage, selectPlatform } from "./read.ts";

/** An image to export: a name and what it stands for; several names may stand for the same. */
export interface ExportImage {
  /** Absent for an image without a name. */
  readonly name?: string;
  readonly target: Descriptor;
}

/** Options for {@linkcode exportImages}. */
export interface ExportOptions {
  /** Leaves out the images for other platforms. @default all that are there */
  readonly platform?: Platform;
}

/**
 * The archive of `images`, piece by piece.
 *
 * @throws {RtError} `NOT_FOUND` if content that an image needs is missing, before the first piece.
 */
export async function* exportImages(
  containerd: Pick<Containerd, "content">,
  images: readonly ExportImage[],
  options: ExportOptions,
  call: Call,
): AsyncGenerator<Uint8Array, void, void> {
  const { content } = containerd;
  const blobs = new Map<string, Descriptor>();
  for (const { target } of images) await collect(content, target, options.platform, blobs, call);
  const index: ImageIndex = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.index,
    manifests: images.map(({ name, target }) => ({
      ...target,
      annotations: { ...target.annotations, ...named(name) },
    })),
  };
  yield encodeHeader({ type: "directory", name: "blobs/", mode: 0o755 });
  yield encodeHeader({ type: "directory", name: "blobs/sha256/", mode: 0o755 });
  for (const digest of [...blobs.keys()].sort()) {
    const { size } = blobs.get(digest)!;
    yield encodeHeader({ type: "file", name: pathOf(digest), mode: 0o444, size });
    let sent = 0;
    for await (const chunk of content.read(digest, {}, call)) {
      sent += chunk.length;
      if (sent > size) break;
      yield chunk;
    }
    if (sent !== size) throw new RtError("DATA_LOSS", `cannot export ${digest}: it has not ${size} bytes`);
    yield padding(size);
  }
  yield* document("index.json", index);
  yield* document("manifest.json", await dockerArchive(content, images, options.platform, call));
  yield* document("oci-layout", { imageLayoutVersion: "1.0.0" });
  yield END_OF_ARCHIVE;
}

/** Gathers all content below `descriptor`; an index may name images that are not there. */
async function collect(
  content: Containerd["content"],
  descriptor: Descriptor,
  platform: Platform | undefined,
  into: Map<string, Descriptor>,
  call: Call,
): Promise<void> {
  if (into.has(descriptor.digest)) return;
  await content.info(descriptor.digest, call);
  into.set(descriptor.digest, descriptor);
  const isIndex = mediaKind(descriptor.mediaType) === "index";
  for (const child of await childrenOf(content, descriptor, call)) {
    if (isForeignLayer(child.mediaType)) continue;
    if (isIndex && platform && child.platform && platformRank(platform, child.platform) === undefined)
      continue;
    try {
      await collect(content, child, platform, into, call);
    } catch (err) {
      if (!isIndex || !hasCode(err, "NOT_FOUND") || (await isThere(content, child.digest, call))) throw err;
    }
  }
}

async function isThere(content: Containerd["content"], digest: string, call: Call): Promise<boolean> {
  try {
    await content.info(digest, call);
    return true;
  } catch (err) {
    if (hasCode(err, "NOT_FOUND")) return false;
    throw err;
  }
}

async function dockerArchive(
  content: Containerd["content"],
  images: readonly ExportImage[],
  platform: Platform | undefined,
  call: Call,
): Promise<DockerArchiveImage[]> {
  const out = new Map<string, { Config: string; RepoTags: string[]; Layers: string[] }>();
  for (const { name, target } of images) {
    let image: PlatformImage;
    try {
      image = await selectPlatform(content, target, platform ?? hostPlatform(), call, { anySingle: true });
    } catch (err) {
      if (hasCode(err, "NOT_FOUND")) continue; // no image for this machine: Docker's document leaves it out
      throw err;
    }
    const { descriptor, manifest } = image;
    const known = out.get(descriptor.digest) ?? {
      Config: pathOf(manifest.config.digest),
      RepoTags: [],
      Layers: (manifest.layers ?? []).map((l) => pathOf(l.digest)),
    };
    out.set(descriptor.digest, known);
    const tag = tagOf(name);
    if (tag !== undefined) known.RepoTags.push(tag);
  }
  return [...out.values()];
}

/** The name as Docker's tags have it; undefined for one that has no tag. */
function tagOf(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  try {
    const ref = parseFamiliar(name);
    return ref.tag === undefined
      ? undefined
      : formatFamiliar({ domain: ref.domain, path: ref.path, tag: ref.tag });
  } catch {
    return undefined; // a name of containerd's that is no reference
  }
}

function named(name: string | undefined): Record<string, string> {
  if (name === undefined) return {};
  const tag = /:([^:/@]+)(?:@.*)?$/.exec(name)?.[1];
  return { [IMAGE_NAME_ANNOTATION]: name, ...(tag !== undefined && { [REF_NAME_ANNOTATION]: tag }) };
}

function* document(name: string, value: unknown): Generator<Uint8Array, void, void> {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  yield encodeHeader({ type: "file", name, mode: 0o444, size: bytes.length });
  yield bytes;
  yield padding(bytes.length);
}

function pathOf(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}
