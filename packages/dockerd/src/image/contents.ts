/**
 * What an image consists of: manifest and config for the host's platform, read from content and kept by digest.
 *
 * @module
 */
import { readDocument, selectPlatform } from "@rt/containerd";
import type { Containerd } from "@rt/containerd/api";
import { chainId, type Descriptor, hostPlatform, type ImageConfig, type Manifest } from "../oci.ts";

/** The containerd namespace of the engine. */
export const NAMESPACE = "moby";

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
  const call = { namespace: NAMESPACE };
  const load = async (target: Descriptor): Promise<ImageContents> => {
    const { descriptor, manifest } = await selectPlatform(content, target, hostPlatform(), call, {
      anySingle: true,
    });
    const config = await readDocument<ImageConfig>(content, manifest.config, call);
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
