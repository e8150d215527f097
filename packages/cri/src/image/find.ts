/**
 * Finding an image, by reference, id or digest.
 *
 * @module
 */
import type { ImageInspect } from "@rt/dockerd/api";
import type { CallOptions } from "../api/cri.ts";
import { hasCode } from "../errors.ts";
import type { EngineDeps } from "../sandbox/find.ts";

/** Before the id of an image in container statuses. */
const ID_PREFIX = "docker://";
/** Before the repository digest of an image in container statuses. */
const PULLABLE_PREFIX = "docker-pullable://";

/** The image `name`; undefined if there is none. */
export async function inspectImage(
  { engine }: EngineDeps,
  name: string,
  options: CallOptions,
): Promise<ImageInspect | undefined> {
  const bare = name.replace(PULLABLE_PREFIX, "").replace(ID_PREFIX, "");
  if (bare === "") return undefined;
  try {
    return await engine.images.inspect(bare, options);
  } catch (err) {
    if (hasCode(err, "NOT_FOUND")) return undefined;
    throw err;
  }
}

/** What a container's status calls its image: by repository digest if there is one, else by id. */
export function imageRefOf(image: Pick<ImageInspect, "Id" | "RepoDigests"> | undefined, id: string): string {
  const digest = image?.RepoDigests?.[0];
  return digest === undefined ? ID_PREFIX + (image?.Id ?? id) : PULLABLE_PREFIX + digest;
}
