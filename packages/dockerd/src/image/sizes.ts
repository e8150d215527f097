/**
 * Sizes of images: what their unpacked layers occupy.
 *
 * @module
 */
import type { Containerd } from "@rt/containerd/api";
import { chainIds } from "../oci.ts";
import { type ImageContents, NAMESPACE } from "./contents.ts";

/** Computes sizes; a committed layer never changes, so that each is asked for once. */
export interface ImageSizes {
  /** Bytes of each layer, base first; the packed size where the layer is not unpacked. */
  layers(image: ImageContents): Promise<number[]>;
  /** Bytes of all layers. */
  total(image: ImageContents): Promise<number>;
}

/** Makes the computer for `snapshotter`. */
export function createImageSizes(
  { snapshots }: Pick<Containerd, "snapshots">,
  snapshotter: string,
): ImageSizes {
  const known = new Map<string, number>();
  const sizeOf = async (chain: string, packed: number): Promise<number> => {
    const size = known.get(chain);
    if (size !== undefined) return size;
    try {
      const usage = await snapshots.usage({ snapshotter, key: chain }, { namespace: NAMESPACE });
      known.set(chain, usage.size);
      return usage.size;
    } catch {
      return packed;
    }
  };
  const layers = (image: ImageContents): Promise<number[]> =>
    Promise.all(
      chainIds(image.config.rootfs?.diff_ids ?? []).map((chain, i) =>
        sizeOf(chain, image.manifest.layers?.[i]?.size ?? 0),
      ),
    );
  return { layers, total: async (image) => (await layers(image)).reduce((sum, size) => sum + size, 0) };
}
