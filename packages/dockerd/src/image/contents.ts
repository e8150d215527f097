/**
 * What an image consists of: manifest and config for the host's platform, read from content and kept by digest.
 *
 * @module
 */
import type { Containerd } from "@rt/containerd/api";
import { RtError } from "../errors.ts";
import {
  bestMatch,
  chainId,
  type Descriptor,
  hostPlatform,
  type ImageConfig,
  type ImageIndex,
  type Manifest,
  mediaKind,
} from "../oci.ts";

/** The containerd namespace of the engine. */
export const NAMESPACE = "moby";

/** Largest document that is read. Bytes. */
const MAX_DOCUMENT_BYTES = 8 * 1024 * 1024;

/** How many images' contents are kept in memory. */
const KEPT = 512;

/** An image for one platform. */
export interface ImageContents {
  /** Docker's image id: the digest of the config. */
  readonly id: string;
  /** The manifest's descriptor. */
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  /** Name of the topmost snapshot; empty for an image without layers. */
  readonly chainId: string;
}

/** Reads and keeps contents. */
export interface ContentsReader {
  /** The image below `target`. @throws `NOT_FOUND` if parts are missing or none is for the host's platform. */
  read(target: Descriptor): Promise<ImageContents>;
}

/** Makes a reader; contents never change, so that what was read once stays. */
export function createContentsReader({ content }: Pick<Containerd, "content">): ContentsReader {
  const kept = new Map<string, Promise<ImageContents>>();
  const document = async <T>(of: Descriptor): Promise<T> => {
    if (of.size > MAX_DOCUMENT_BYTES)
      throw new RtError("OUT_OF_RANGE", `cannot read ${of.digest}: too large`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of content.read(of.digest, {}, { namespace: NAMESPACE })) chunks.push(chunk);
    try {
      return JSON.parse(Buffer.concat(chunks).toString("utf8")) as T;
    } catch (cause) {
      throw new RtError("INVALID_ARGUMENT", `cannot read ${of.digest}: not JSON`, { cause });
    }
  };
  const load = async (target: Descriptor): Promise<ImageContents> => {
    let descriptor = target;
    if (mediaKind(target.mediaType) === "index") {
      const { manifests } = await document<ImageIndex>(target);
      const chosen = bestMatch(hostPlatform(), manifests);
      if (chosen === undefined)
        throw new RtError("NOT_FOUND", `no image for this platform below ${target.digest}`);
      descriptor = chosen;
    }
    const manifest = await document<Manifest>(descriptor);
    const config = await document<ImageConfig>(manifest.config);
    const diffIds = config.rootfs?.diff_ids ?? [];
    return {
      id: manifest.config.digest,
      descriptor,
      manifest,
      config,
      chainId: diffIds.length === 0 ? "" : chainId(diffIds),
    };
  };
  return {
    read(target) {
      const found = kept.get(target.digest);
      if (found !== undefined) return found;
      const loading = load(target);
      kept.set(target.digest, loading);
      loading.catch(() => kept.delete(target.digest));
      if (kept.size > KEPT) kept.delete(kept.keys().next().value!);
      return loading;
    },
  };
}
