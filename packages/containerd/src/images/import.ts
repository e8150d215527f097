/**
 * Import: images out of an archive, as `docker save`, `ctr images export` and OCI tools write it; packed or not.
 *
 * The archive is read once, from start to end: blobs go into the content store as they come, and are joined to images
 * when the documents have been seen. Source: containerd core/images/archive/importer.go.
 *
 * @module
 */
import { posix } from "node:path";
import type { Call } from "../api/call.ts";
import type { Containerd } from "../api/containerd.ts";
import type { Image } from "../api/images.ts";
import { decompress, detectCompression } from "../diff/compression.ts";
import { ArchiveError } from "../diff/errors.ts";
import { toText } from "../diff/tar_entry.ts";
import { TarReader } from "../diff/tar_reader.ts";
import {
  type Descriptor,
  formatReference,
  hasCode,
  type ImageIndex,
  isDigest,
  type Manifest,
  MEDIA_TYPE,
  type Platform,
  parseFamiliar,
  withDefaultTag,
} from "../oci.ts";
import { withLease } from "../transfer/lease.ts";
import { unpackImage } from "../unpack/unpack.ts";
import {
  type DockerArchiveImage,
  IMAGE_NAME_ANNOTATION,
  parseDockerArchive,
  REF_NAME_ANNOTATION,
} from "./archive.ts";
import { ingestDocument, ingestStream } from "./ingest.ts";
import { addLabels, childrenLabels, childrenOf } from "./read.ts";

const MAX_DOCUMENT_BYTES = 8 * 1024 * 1024;
const DOCUMENTS = ["index.json", "manifest.json", "oci-layout", "repositories"];

/** Options for {@linkcode importImages}. */
export interface ImportOptions {
  /** Where to unpack to; absent leaves the layers packed. */
  readonly snapshotter?: string;
  /** Platform to unpack. @default the host's */
  readonly platform?: Platform;
  /** Repository for images of which the archive tells only a tag, e.g. `docker.io/library/app`. */
  readonly baseName?: string;
  /** Name for an image of which the archive tells none. @default such an image gets no record */
  readonly unnamedAs?: (digest: string) => string;
  /** Labels of the image records. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Told of every blob as it comes in. */
  readonly onBlob?: (blob: { readonly digest: string; readonly size: number }) => void;
  readonly onLayer?: (layer: Descriptor, state: "extracting" | "complete") => void;
}

/** An image that was imported. */
export interface ImportedImage {
  /** Absent if it has no name. */
  readonly image?: Image;
  readonly target: Descriptor;
  /** Name of the topmost snapshot, if it was unpacked. */
  readonly chainId?: string;
}

/**
 * Imports all images of the archive `source`.
 *
 * @throws {RtError} `INVALID_ARGUMENT` if it is no image archive; `FAILED_PRECONDITION` if a blob is not what its name
 * says. No image record has been made then.
 */
export async function importImages(
  containerd: Containerd,
  source: AsyncIterable<Uint8Array>,
  options: ImportOptions,
  call: Call,
): Promise<ImportedImage[]> {
  return await withLease(containerd.leases, call, async (leased) => {
    const archive = await readArchive(containerd, source, options, leased);
    const found = await imagesIn(containerd, archive, options, leased);
    const out: ImportedImage[] = [];
    for (const { target } of found) await labelTree(containerd, target, leased);
    for (const { target, name } of found) {
      const { snapshotter, platform, onLayer } = options;
      const chainId =
        snapshotter === undefined
          ? undefined
          : await unpackImage(
              containerd,
              target,
              { snapshotter, ...(platform && { platform }), ...(onLayer && { onLayer }) },
              leased,
            );
      const image =
        name === undefined ? undefined : await record(containerd, { name, target, ...options }, leased);
      out.push({ target, ...(image && { image }), ...(chainId !== undefined && { chainId }) });
    }
    return out;
  });
}

interface Archive {
  readonly documents: ReadonlyMap<string, unknown>;
  /** Blobs by their path in the archive. */
  readonly files: ReadonlyMap<string, { readonly digest: string; readonly size: number }>;
  /** Links by their path, resolved. */
  readonly links: ReadonlyMap<string, string>;
}

async function readArchive(
  { content }: Containerd,
  source: AsyncIterable<Uint8Array>,
  options: ImportOptions,
  call: Call,
): Promise<Archive> {
  const reader = new TarReader(decompress(source));
  const documents = new Map<string, unknown>();
  const files = new Map<string, { digest: string; size: number }>();
  const links = new Map<string, string>();
  for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
    const path = cleanPath(entry.name);
    if (entry.type === "symlink" || entry.type === "link") {
      const base = entry.type === "symlink" ? posix.dirname(path) : "";
      links.set(path, cleanPath(posix.join(base, entry.linkName)));
    }
    if (entry.type !== "file") continue;
    if (DOCUMENTS.includes(path)) {
      documents.set(path, await readDocument(reader, path));
      continue;
    }
    const named = /^blobs\/([a-z0-9]+)\/([a-f0-9]+)$/.exec(path);
    const expected = named ? `${named[1]}:${named[2]}` : undefined;
    if (expected !== undefined && !isDigest(expected)) continue;
    const stored = await ingestStream(
      content,
      body(reader),
      expected === undefined ? {} : { expected },
      call,
    );
    files.set(path, stored);
    options.onBlob?.(stored);
  }
  await reader.drain();
  return { documents, files, links };
}

async function* body(reader: TarReader): AsyncGenerator<Uint8Array, void, void> {
  for (let chunk = await reader.read(); chunk !== undefined; chunk = await reader.read()) yield chunk;
}

async function readDocument(reader: TarReader, path: string): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body(reader)) {
    size += chunk.length;
    if (size > MAX_DOCUMENT_BYTES)
      throw new ArchiveError(`${path} is larger than ${MAX_DOCUMENT_BYTES} bytes`);
    chunks.push(Uint8Array.from(chunk));
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch (cause) {
    throw new ArchiveError(`${path} is not JSON`, { cause });
  }
}

interface Found {
  readonly name: string | undefined;
  readonly target: Descriptor;
}

async function imagesIn(
  containerd: Containerd,
  archive: Archive,
  options: ImportOptions,
  call: Call,
): Promise<Found[]> {
  const docker = archive.documents.get("manifest.json");
  const images = docker === undefined ? [] : parseDockerArchive(docker);
  const index = archive.documents.get("index.json") as ImageIndex | undefined;
  if (index !== undefined && Array.isArray(index?.manifests)) {
    return await indexed(containerd, index, archive, images, options, call);
  }
  if (docker === undefined) throw new ArchiveError("unrecognized image format");
  const out: Found[] = [];
  for (const image of images) {
    const target = await dockerManifest(containerd, archive, image, call);
    if (image.RepoTags.length === 0) out.push({ name: options.unnamedAs?.(target.digest), target });
    for (const tag of image.RepoTags) out.push({ name: normalName(tag), target });
  }
  return out;
}

/** The images of an OCI layout; Docker's document may know names that it does not. */
async function indexed(
  { content }: Containerd,
  index: ImageIndex,
  archive: Archive,
  images: readonly DockerArchiveImage[],
  options: ImportOptions,
  call: Call,
): Promise<Found[]> {
  const known = new Set([...archive.files.values()].map((f) => f.digest));
  const out: Found[] = [];
  for (const entry of index.manifests) {
    if (typeof entry?.digest !== "string" || !isDigest(entry.digest))
      throw new ArchiveError("malformed index.json");
    if (!known.has(entry.digest))
      throw new ArchiveError(`index.json names ${entry.digest}, which is not there`);
    const { annotations = {}, ...target } = entry;
    const rest = Object.entries(annotations).filter(
      ([k]) => k !== IMAGE_NAME_ANNOTATION && k !== REF_NAME_ANNOTATION,
    );
    const descriptor = { ...target, ...(rest.length > 0 && { annotations: Object.fromEntries(rest) }) };
    const name = nameIn(annotations, options);
    if (name !== undefined) {
      out.push({ name, target: descriptor });
      continue;
    }
    const configs = (await childrenOf(content, descriptor, call)).map((c) => c.digest);
    const tags = images
      .filter((image) => configs.includes(archive.files.get(cleanPath(image.Config))?.digest ?? ""))
      .flatMap((image) => image.RepoTags);
    if (tags.length === 0) out.push({ name: options.unnamedAs?.(descriptor.digest), target: descriptor });
    for (const tag of tags) out.push({ name: normalName(tag), target: descriptor });
  }
  return out;
}

function nameIn(
  annotations: Readonly<Record<string, string>>,
  { baseName }: ImportOptions,
): string | undefined {
  const whole = annotations[IMAGE_NAME_ANNOTATION];
  if (whole !== undefined && whole !== "") return whole;
  const ref = annotations[REF_NAME_ANNOTATION];
  if (ref === undefined || ref === "") return undefined;
  if (ref.includes("/") || ref.includes(":")) return normalName(ref);
  return baseName === undefined ? undefined : `${baseName}:${ref}`;
}

function normalName(text: string): string {
  return formatReference(withDefaultTag(parseFamiliar(text)));
}

/** Writes the manifest that Docker's archive leaves out. */
async function dockerManifest(
  { content }: Containerd,
  archive: Archive,
  image: DockerArchiveImage,
  call: Call,
): Promise<Descriptor> {
  const at = (path: string): { digest: string; size: number } => {
    let clean = cleanPath(path);
    for (let hops = 0; hops < 8 && !archive.files.has(clean); hops++)
      clean = archive.links.get(clean) ?? clean;
    const file = archive.files.get(clean);
    if (file === undefined)
      throw new ArchiveError(`manifest.json names ${JSON.stringify(path)}, which is not there`);
    return file;
  };
  const config: Descriptor = { mediaType: MEDIA_TYPE.dockerConfig, ...at(image.Config) };
  const layers: Descriptor[] = [];
  for (const path of image.Layers) {
    const file = at(path);
    layers.push({ mediaType: await layerType(content, file, call), ...file });
  }
  const manifest: Manifest = { schemaVersion: 2, mediaType: MEDIA_TYPE.dockerManifest, config, layers };
  return await ingestDocument(
    content,
    MEDIA_TYPE.dockerManifest,
    manifest,
    childrenLabels([config, ...layers]),
    call,
  );
}

async function layerType(
  content: Containerd["content"],
  file: { readonly digest: string; readonly size: number },
  call: Call,
): Promise<string> {
  let head = new Uint8Array();
  for await (const chunk of content.read(file.digest, { size: Math.min(4, file.size) }, call)) {
    head = Uint8Array.from([...head, ...chunk]);
  }
  switch (detectCompression(head)) {
    case "gzip":
      return MEDIA_TYPE.dockerLayerGzip;
    case "zstd":
      return MEDIA_TYPE.dockerLayerZstd;
    case "none":
      return MEDIA_TYPE.dockerLayer;
  }
}

/** Labels manifests and indexes with what they refer to, as far as it came with the archive. */
async function labelTree({ content }: Containerd, descriptor: Descriptor, call: Call): Promise<void> {
  const children = await childrenOf(content, descriptor, call);
  if (children.length === 0) return;
  await addLabels(content, descriptor.digest, childrenLabels(children), call);
  for (const child of children) {
    try {
      await labelTree({ content } as Containerd, child, call);
    } catch (err) {
      if (!hasCode(err, "NOT_FOUND")) throw err; // an image for another platform that was left out
    }
  }
}

async function record(
  { images }: Containerd,
  { name, target, labels }: { name: string; target: Descriptor; labels?: Readonly<Record<string, string>> },
  call: Call,
): Promise<Image> {
  const image = { name, target, ...(labels && { labels }) };
  try {
    return await images.create(image, call);
  } catch (err) {
    if (!hasCode(err, "ALREADY_EXISTS")) throw err;
    return await images.update(image, ["target"], call);
  }
}

/** A path of the archive without `./`, `/` and `..`. */
function cleanPath(path: string): string {
  return toText(posix.normalize(`/${path}`))
    .slice(1)
    .replace(/\/$/, "");
}
