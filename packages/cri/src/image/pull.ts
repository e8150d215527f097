/**
 * PullImage: fetches an image with the credentials that the request carries.
 *
 * @module
 */
import type { AuthConfig as EngineAuth } from "@rt/dockerd/api";
import type { CallOptions } from "../api/cri.ts";
import type { AuthConfig, PullImageRequest } from "../api/types.ts";
import { InvalidRequestError, RtError } from "../errors.ts";
import { formatReference, parseDockerReference } from "../oci.ts";
import type { EngineDeps } from "../sandbox/find.ts";
import { inspectImage } from "./find.ts";

/**
 * Pulls an image and resolves with what it is called then: its repository digest, else its id.
 *
 * @throws {InvalidRequestError} `INVALID_ARGUMENT` for no reference or a malformed one; the engine's error otherwise.
 */
export async function pullImage(
  deps: EngineDeps,
  request: PullImageRequest,
  options: CallOptions,
): Promise<{ imageRef: string }> {
  const name = request.image?.image ?? "";
  const auth = request.auth === undefined ? undefined : engineAuth(request.auth);
  await pullReference(deps, name, { ...options, ...(auth === undefined ? {} : { auth }) });
  const image = await inspectImage(deps, name, options);
  if (image === undefined) throw new RtError("INTERNAL", `cannot find image ${name} after its pull`);
  return { imageRef: image.RepoDigests?.[0] ?? image.Id };
}

/** Pulls `name`; one without a tag is `latest`, never all tags. */
export async function pullReference(
  { engine }: EngineDeps,
  name: string,
  options: CallOptions & { readonly auth?: EngineAuth },
): Promise<void> {
  const reference = formatReference(parseDockerReference(name));
  for await (const _message of engine.images.pull(reference, options));
}

/** Credentials for the engine. @throws {InvalidRequestError} `INVALID_ARGUMENT` if `auth` is not user:password. */
export function engineAuth(from: AuthConfig): EngineAuth {
  const plain = from.auth === "" ? undefined : decodeAuth(from.auth);
  const entries = {
    username: from.username || plain?.username,
    password: from.password || plain?.password,
    serveraddress: from.serverAddress,
    identitytoken: from.identityToken,
    registrytoken: from.registryToken,
  };
  return Object.fromEntries(
    Object.entries(entries).filter(([, value]) => value !== undefined && value !== ""),
  );
}

function decodeAuth(auth: string): { username: string; password: string } {
  const text = Buffer.from(auth, "base64").toString();
  const colon = text.indexOf(":");
  if (colon < 0) throw new InvalidRequestError("invalid auth config: auth is not base64 of user:password");
  return { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, "") };
}
