/**
 * Fetches blobs and manifests by digest, taking up again what broke.
 *
 * Source: distribution-spec 1.1 "Pulling blobs"; containerd core/remotes/docker/fetcher.go, httpreadseeker.go.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Descriptor, type Logger, mediaKind, RtError, silentLogger } from "../oci.ts";
import { RegistryError, RegistryUnreachableError } from "./errors.ts";
import type { Repository } from "./repository.ts";

/** Tries without a single byte before a fetch is given up. */
const TRIES = 5;

/** Options for {@linkcode fetchBlob}. */
export interface FetchOptions {
  /** First byte wanted. @default {0} */
  readonly offset?: number;
  readonly signal?: AbortSignal;
  readonly log?: Logger;
}

/**
 * The bytes of `descriptor` from `offset` on. A connection that breaks is taken up again where it broke.
 *
 * Not verified: whoever stores the bytes checks the digest. Never yields more than the descriptor's size.
 *
 * @throws {RegistryError} As the registry says; {@linkcode RegistryUnreachableError} `UNAVAILABLE` after five tries
 * without a byte; {@linkcode RtError} `DATA_LOSS` if the registry sends too much.
 */
export async function* fetchBlob(
  repository: Repository,
  descriptor: Descriptor,
  options: FetchOptions = {},
): AsyncGenerator<Uint8Array, void, void> {
  const { signal, log = silentLogger } = options;
  const kind = mediaKind(descriptor.mediaType);
  const isManifest = kind === "manifest" || kind === "index";
  const path = `${isManifest ? "manifests" : "blobs"}/${descriptor.digest}`;
  const accept = isManifest ? `${descriptor.mediaType}, */*` : "*/*";
  let at = options.offset ?? 0;
  for (let tries = 1; at < descriptor.size; tries++) {
    try {
      const headers = { accept, ...(at > 0 && { range: `bytes=${at}-` }) };
      const res = await repository.send({
        capability: "pull",
        method: "GET",
        path,
        headers,
        ...(signal && { signal }),
      });
      let skip = 0;
      if (at > 0 && res.status !== 206)
        skip = at; // the server does not do ranges
      else if (at > 0 && rangeStart(res.headers["content-range"]) !== at) {
        res.dispose();
        throw new RegistryUnreachableError(`cannot fetch ${descriptor.digest}`, {
          cause: "wrong content-range",
        });
      }
      try {
        for await (const chunk of res.body) {
          const piece = skip >= chunk.length ? undefined : chunk.subarray(skip);
          skip = Math.max(0, skip - chunk.length);
          if (piece === undefined) continue;
          at += piece.length;
          if (at > descriptor.size) {
            throw new RtError(
              "DATA_LOSS",
              `cannot fetch ${descriptor.digest}: more than ${descriptor.size} bytes`,
            );
          }
          tries = 0;
          yield piece;
        }
      } finally {
        res.dispose();
      }
      if (at < descriptor.size) throw new Error(`${at} of ${descriptor.size} bytes came`);
    } catch (err) {
      signal?.throwIfAborted();
      if (!worthRetrying(err) || tries >= TRIES) throw fetchFailed(descriptor, err);
      log.warn("fetch broke, trying again", { digest: descriptor.digest, offset: at, err });
      await sleep(Math.min(100 * 2 ** tries, 3000), undefined, signal ? { signal } : {});
    }
  }
}

function rangeStart(header: string | undefined): number | undefined {
  const match = /^bytes (\d+)-/.exec(header ?? "");
  return match === null ? undefined : Number(match[1]);
}

function worthRetrying(err: unknown): boolean {
  if (err instanceof RegistryError) return err.status === 408 || err.status === 429 || err.status >= 500;
  if (err instanceof RegistryUnreachableError) return true;
  return !(err instanceof RtError);
}

function fetchFailed(descriptor: Descriptor, err: unknown): RtError {
  if (err instanceof RtError) return err;
  return new RegistryUnreachableError(`cannot fetch ${descriptor.digest}`, { cause: err });
}
