/**
 * ImageStatus: one image, or nothing.
 *
 * @module
 */
import type { ImageInspect } from "@rt/dockerd/api";
import type { CallOptions } from "../api/cri.ts";
import type { ImageInit } from "../api/types.ts";
import type { EngineDeps } from "../sandbox/find.ts";
import { inspectImage } from "./find.ts";

/** What image calls need: the reference that must not be collected. */
export interface ImageDeps extends EngineDeps {
  readonly pauseImage: string;
}

/** The image `name`, or no image; never NOT_FOUND. */
export async function imageStatus(
  deps: ImageDeps,
  request: { readonly image?: { readonly image: string } | undefined; readonly verbose: boolean },
  options: CallOptions,
): Promise<{ image?: ImageInit; info?: Record<string, string> }> {
  const found = await inspectImage(deps, request.image?.image ?? "", options);
  if (found === undefined) return {};
  return {
    image: imageOf(deps, found),
    ...(request.verbose
      ? { info: { info: JSON.stringify({ config: found.Config, rootFs: found.RootFS }) } }
      : {}),
  };
}

/** An inspected image as the CRI shows it; its user is a number or a name. */
export function imageOf({ pauseImage }: ImageDeps, from: ImageInspect): ImageInit {
  const user = (from.Config.User ?? "").split(":")[0] ?? "";
  return {
    id: from.Id,
    repoTags: from.RepoTags ?? [],
    repoDigests: from.RepoDigests ?? [],
    size: BigInt(from.Size),
    pinned: from.RepoTags?.includes(pauseImage) ?? false,
    ...(user === ""
      ? { uid: { value: 0n } }
      : /^\d+$/.test(user)
        ? { uid: { value: BigInt(user) } }
        : { username: user }),
    spec: { image: from.Id },
  };
}
