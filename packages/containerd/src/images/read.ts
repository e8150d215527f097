/**
 * Reads images out of a content store: manifests, indexes, configs, and what each refers to.
 *
 * Source: containerd core/images/{image,handlers,mediatypes}.go.
 *
 * @module
 */
import type { Call } from "../api/call.ts";
import type { Content } from "../api/content.ts";
import {
  bestMatch,
  type Descriptor,
  formatPlatform,
  type ImageConfig,
  type ImageIndex,
  isDigest,
  type Manifest,
  mediaKind,
  type Platform,
  platformRank,
  RtError,
} from "../oci.ts";

/** Largest document that is read whole: 8 MiB, as for a registry's manifests. */
const MAX_DOCUMENT_BYTES = 8 * 1024 * 1024;

/** An image for one platform. */
export interface PlatformImage {
  /** The manifest. */
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
  /** What it runs on. */
  readonly platform: Platform;
}

/**
 * Reads a blob whole.
 *
 * @throws {RtError} `NOT_FOUND`; `OUT_OF_RANGE` if it is larger than `limitBytes`.
 */
export async function readBlob(
  content: Pick<Content, "read">,
  descriptor: Pick<Descriptor, "digest" | "size">,
  call: Call,
  limitBytes: number = MAX_DOCUMENT_BYTES,
): Promise<Uint8Array> {
  const tooLarge = (): RtError =>
    new RtError("OUT_OF_RANGE", `cannot read ${descriptor.digest}: larger than ${limitBytes} bytes`);
  if (descriptor.size > limitBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of content.read(descriptor.digest, {}, call)) {
    size += chunk.length;
    if (size > limitBytes) throw tooLarge();
    chunks.push(chunk);
  }
  if (chunks.length === 1) return chunks[0]!;
  const out = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}

/**
 * Reads a JSON object.
 *
 * @throws {RtError} As {@linkcode readBlob}; `INVALID_ARGUMENT` if it is no JSON object.
 */
export async function readDocument<T extends object>(
  content: Pick<Content, "read">,
  descriptor: Pick<Descriptor, "digest" | "size">,
  call: Call,
): Promise<T> {
  const bytes = await readBlob(content, descriptor, call);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new RtError("INVALID_ARGUMENT", `cannot read ${descriptor.digest}: not JSON`, { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new RtError("INVALID_ARGUMENT", `cannot read ${descriptor.digest}: not a JSON object`);
  }
  return value as T;
}

/**
 * What `descriptor` refers to directly: an index's manifests, a manifest's config and layers.
 *
 * @throws {RtError} As {@linkcode readDocument}.
 */
export async function childrenOf(
  content: Pick<Content, "read">,
  descriptor: Descriptor,
  call: Call,
): Promise<Descriptor[]> {
  switch (mediaKind(descriptor.mediaType)) {
    case "index":
      return descriptors((await readDocument<ImageIndex>(content, descriptor, call)).manifests, descriptor);
    case "manifest": {
      const manifest = await readDocument<Manifest>(content, descriptor, call);
      return descriptors([manifest.config, ...(manifest.layers ?? [])], descriptor);
    }
    default:
      return [];
  }
}

/** Checks what an untrusted document calls descriptors. */
function descriptors(list: unknown, of: Descriptor): Descriptor[] {
  if (list === undefined || list === null) return [];
  const bad = (): RtError =>
    new RtError("INVALID_ARGUMENT", `cannot read ${of.digest}: malformed descriptor`);
  if (!Array.isArray(list)) throw bad();
  for (const d of list as Partial<Descriptor>[]) {
    if (
      typeof d !== "object" ||
      d === null ||
      typeof d.mediaType !== "string" ||
      typeof d.digest !== "string" ||
      !isDigest(d.digest) ||
      !Number.isSafeInteger(d.size) ||
      d.size! < 0
    ) {
      throw bad();
    }
  }
  return list as Descriptor[];
}

/**
 * Finds the image for `platform` below `target`.
 *
 * @param options.anySingle Whether an image without an index will do whatever it runs on.
 * @throws {RtError} `NOT_FOUND` if there is none; as {@linkcode readDocument} otherwise.
 */
export async function selectPlatform(
  content: Pick<Content, "read">,
  target: Descriptor,
  platform: Platform,
  call: Call,
  options: { readonly anySingle?: boolean } = {},
): Promise<PlatformImage> {
  const missing = (): RtError =>
    new RtError(
      "NOT_FOUND",
      `no match for platform ${formatPlatform(platform)} in manifest ${target.digest}: not found`,
    );
  if (mediaKind(target.mediaType) === "manifest") {
    const manifest = await readDocument<Manifest>(content, target, call);
    descriptors([manifest.config, ...(manifest.layers ?? [])], target);
    const own = target.platform ?? (await platformOf(content, manifest.config, call));
    if (!options.anySingle && own !== undefined && platformRank(platform, own) === undefined) throw missing();
    return { descriptor: target, manifest, platform: own ?? platform };
  }
  if (mediaKind(target.mediaType) !== "index") {
    throw new RtError(
      "NOT_FOUND",
      `unexpected media type ${target.mediaType} for ${target.digest}: not found`,
    );
  }
  const chosen = chooseManifest(await childrenOf(content, target, call), platform);
  if (chosen === undefined) throw missing();
  return await selectPlatform(content, chosen, platform, call);
}

/** The entry of an index that suits `platform` best. */
export function chooseManifest(manifests: readonly Descriptor[], platform: Platform): Descriptor | undefined {
  const images = manifests.filter(
    (d) =>
      d.annotations?.["vnd.docker.reference.type"] !== "attestation-manifest" &&
      (mediaKind(d.mediaType) === "manifest" || mediaKind(d.mediaType) === "index"),
  );
  return bestMatch(platform, images);
}

async function platformOf(
  content: Pick<Content, "read">,
  config: Descriptor,
  call: Call,
): Promise<Platform | undefined> {
  if (mediaKind(config.mediaType) !== "config") return undefined;
  const { os, architecture, variant } = await readDocument<ImageConfig>(content, config, call);
  if (!os || !architecture) return undefined;
  return { os, architecture, ...(variant && { variant }) };
}

/** The label key, without its index, under which a parent keeps this child from garbage collection. */
export function childLabel(child: Descriptor): string {
  switch (mediaKind(child.mediaType)) {
    case "config":
      return "containerd.io/gc.ref.content.config";
    case "manifest":
      return "containerd.io/gc.ref.content.m.";
    case "layer":
      return "containerd.io/gc.ref.content.l.";
    default:
      return "containerd.io/gc.ref.content.";
  }
}

/** Labels by which content keeps its children. Source: containerd `SetChildrenMappedLabels`. */
export function childrenLabels(children: readonly Descriptor[]): Record<string, string> {
  const labels: Record<string, string> = {};
  const counts = new Map<string, number>();
  for (const child of children) {
    const key = childLabel(child);
    const index = counts.get(key) ?? 0;
    counts.set(key, index + 1);
    labels[index > 0 || key.endsWith(".") ? `${key}${index}` : key] = child.digest;
  }
  return labels;
}

/** Sets `labels` on a blob, keeping its others. */
export async function addLabels(
  content: Pick<Content, "update">,
  digest: string,
  labels: Readonly<Record<string, string>>,
  call: Call,
): Promise<void> {
  const fields = Object.keys(labels).map((key) => `labels.${key}`);
  if (fields.length > 0) await content.update({ digest, labels }, fields, call);
}
