/**
 * RemoveImage: removes an image with all its names.
 *
 * @module
 */
import type { CallOptions } from "../api/cri.ts";
import { hasCode } from "../errors.ts";
import type { EngineDeps } from "../sandbox/find.ts";
import { inspectImage } from "./find.ts";

/**
 * Removes the image that the request names, by each of its tags and digests; nothing if there is none.
 *
 * @throws the engine's error, `CONFLICT` if a container uses it.
 */
export async function removeImage(
  deps: EngineDeps,
  request: { readonly image?: { readonly image: string } | undefined },
  options: CallOptions,
): Promise<Record<string, never>> {
  const found = await inspectImage(deps, request.image?.image ?? "", options);
  if (found === undefined) return {};
  const names = [...(found.RepoTags ?? []), ...(found.RepoDigests ?? [])];
  for (const name of names.length > 0 ? names : [found.Id]) {
    try {
      await deps.engine.images.remove(name, options);
    } catch (err) {
      if (!hasCode(err, "NOT_FOUND")) throw err;
    }
  }
  return {};
}
