/**
 * Puts blobs and manifests into a registry.
 *
 * A blob that is there is not sent; one that another repository of the registry has is mounted from there.
 * Source: distribution-spec 1.1 "Pushing"; containerd core/remotes/docker/pusher.go.
 *
 * @module
 */
import { type Descriptor, RtError } from "../oci.ts";
import { RegistryError } from "./errors.ts";
import type { Repository, RepositoryResponse } from "./repository.ts";

/** How a blob got there. */
export type PushOutcome =
  | { readonly kind: "exists" }
  | { readonly kind: "mounted"; readonly from: string }
  | { readonly kind: "uploaded" };

/** Options for {@linkcode pushBlob}. */
export interface PushBlobOptions {
  /** Repositories of the same registry that may have the blob. */
  readonly mountFrom?: readonly string[];
  /** Sends the blob in pieces of this size (PATCH) instead of whole. Bytes. */
  readonly chunkBytes?: number;
  readonly onSent?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Puts the blob of `descriptor` into `repository`; `read` gives its bytes from an offset on, anew for every try.
 *
 * @throws {RegistryError} As the registry says.
 */
export async function pushBlob(
  repository: Repository,
  descriptor: Descriptor,
  read: (offset: number, size?: number) => AsyncIterable<Uint8Array>,
  options: PushBlobOptions = {},
): Promise<PushOutcome> {
  const common = { capability: "push" as const, ...(options.signal && { signal: options.signal }) };
  const head = await repository.send({
    ...common,
    method: "HEAD",
    path: `blobs/${descriptor.digest}`,
    expected: [404],
  });
  head.dispose();
  if (head.status !== 404) return { kind: "exists" };
  for (const from of options.mountFrom ?? []) {
    const upload = await startUpload(
      repository,
      common,
      [
        ["mount", descriptor.digest],
        ["from", from],
      ],
      [from],
    );
    if (upload.status === 201) return { kind: "mounted", from };
    // Not mounted: the registry opened an upload instead, which is as good as our own.
    await send(repository, upload, descriptor, read, options);
    return { kind: "uploaded" };
  }
  const upload = await startUpload(repository, common, [], []);
  await send(repository, upload, descriptor, read, options);
  return { kind: "uploaded" };
}

async function startUpload(
  repository: Repository,
  common: { readonly capability: "push"; readonly signal?: AbortSignal },
  query: readonly (readonly [string, string])[],
  pullFrom: readonly string[],
): Promise<RepositoryResponse> {
  const headers = { "content-length": "0" };
  const res = await repository.send({
    ...common,
    method: "POST",
    path: "blobs/uploads/",
    query,
    headers,
    pullFrom,
  });
  for await (const _ of res.body); // frees the connection
  return res;
}

async function send(
  repository: Repository,
  upload: RepositoryResponse,
  descriptor: Descriptor,
  read: (offset: number, size?: number) => AsyncIterable<Uint8Array>,
  options: PushBlobOptions,
): Promise<void> {
  const common = { capability: "push" as const, ...(options.signal && { signal: options.signal }) };
  let location = uploadLocation(upload);
  const { chunkBytes } = options;
  let at = 0;
  if (chunkBytes !== undefined) {
    while (at < descriptor.size) {
      const from = at;
      const size = Math.min(chunkBytes, descriptor.size - from);
      const res = await repository.send({
        ...common,
        method: "PATCH",
        path: location,
        headers: {
          "content-type": "application/octet-stream",
          "content-length": String(size),
          "content-range": `${from}-${from + size - 1}`,
        },
        body: () => counted(read(from, size), from, options.onSent),
      });
      for await (const _ of res.body);
      location = uploadLocation(res);
      at += size;
    }
  }
  const from = at;
  location.searchParams.set("digest", descriptor.digest);
  const res = await repository.send({
    ...common,
    method: "PUT",
    path: location,
    headers: { "content-type": "application/octet-stream", "content-length": String(descriptor.size - from) },
    ...(from < descriptor.size && { body: () => counted(read(from), from, options.onSent) }),
  });
  for await (const _ of res.body);
}

function uploadLocation(res: RepositoryResponse): URL {
  const { location } = res.headers;
  if (location === undefined)
    throw new RtError("UNKNOWN", "cannot upload blob: the registry gave no location");
  return new URL(location, res.url);
}

async function* counted(
  source: AsyncIterable<Uint8Array>,
  start: number,
  onSent: ((bytes: number) => void) | undefined,
): AsyncGenerator<Uint8Array, void, void> {
  let sent = start;
  for await (const chunk of source) {
    yield chunk;
    sent += chunk.length;
    onSent?.(sent);
  }
}

/**
 * Puts a manifest or index, by its digest, or by `tag` if one is given.
 *
 * @throws {RegistryError} As the registry says.
 */
export async function pushManifest(
  repository: Repository,
  descriptor: Descriptor,
  body: Uint8Array,
  options: { readonly tag?: string; readonly signal?: AbortSignal } = {},
): Promise<void> {
  const common = { capability: "push" as const, ...(options.signal && { signal: options.signal }) };
  const res = await repository.send({
    ...common,
    method: "PUT",
    path: `manifests/${options.tag ?? descriptor.digest}`,
    headers: { "content-type": descriptor.mediaType, "content-length": String(body.length) },
    body: () => body,
  });
  for await (const _ of res.body);
  const named = res.headers["docker-content-digest"];
  if (named !== undefined && named !== descriptor.digest) {
    throw new RtError("DATA_LOSS", `got digest ${named}, expected ${descriptor.digest}`);
  }
}

/**
 * Whether `target` (tag or digest) is already `descriptor` in the repository.
 *
 * @throws {RegistryError} As the registry says, but for 404.
 */
export async function hasManifest(
  repository: Repository,
  descriptor: Descriptor,
  target: string,
  signal?: AbortSignal,
): Promise<boolean> {
  try {
    const res = await repository.send({
      capability: "push",
      method: "HEAD",
      path: `manifests/${target}`,
      headers: { accept: `${descriptor.mediaType}, */*` },
      ...(signal && { signal }),
    });
    res.dispose();
    return res.headers["docker-content-digest"] === descriptor.digest;
  } catch (err) {
    if (err instanceof RegistryError && err.status === 404) return false;
    throw err;
  }
}
