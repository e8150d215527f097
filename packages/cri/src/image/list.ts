/**
 * ListImages: all images, or the one that a filter names.
 *
 * @module
 */
import type { CallOptions } from "../api/cri.ts";
import type { ImageInit } from "../api/types.ts";
import { inspectImage } from "./find.ts";
import { type ImageDeps, imageOf } from "./status.ts";

/** What the engine writes where an image has no name. */
const NONE = "<none>";

/** Images, by the reference or id in `filter` if there is one. */
export async function listImages(
  deps: ImageDeps,
  request: { readonly filter?: { readonly image?: { readonly image: string } | undefined } | undefined },
  options: CallOptions,
): Promise<{ images: ImageInit[] }> {
  const name = request.filter?.image?.image ?? "";
  if (name !== "") {
    const found = await inspectImage(deps, name, options);
    return { images: found === undefined ? [] : [imageOf(deps, found)] };
  }
  const named = (refs: string[] | null): string[] => (refs ?? []).filter((r) => !r.includes(NONE));
  const all = await deps.engine.images.list({ ...options, digests: true });
  return {
    images: all.map((image) => ({
      id: image.Id,
      repoTags: named(image.RepoTags),
      repoDigests: named(image.RepoDigests),
      size: BigInt(image.Size),
      pinned: image.RepoTags?.includes(deps.pauseImage) ?? false,
      spec: { image: image.Id },
    })),
  };
}
