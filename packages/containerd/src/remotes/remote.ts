/**
 * Remotes: registries as images come from and go to.
 *
 * Source: distribution-spec 1.1 "Pull", "Push"; containerd core/remotes/docker/{resolver,fetcher}.go.
 *
 * @module
 */
import {
  baseMediaType,
  type Descriptor,
  digestOf,
  isDigest,
  type Logger,
  MANIFEST_ACCEPT,
  mediaKind,
  parseReference,
  RtError,
  repositoryOf,
  silentLogger,
  verifyDigest,
} from "../oci.ts";
import { Authorizer, type Credentials } from "./auth.ts";
import { RegistryError, RegistryUnreachableError } from "./errors.ts";
import { type HostOptions, registryHosts } from "./hosts.ts";
import { HttpClient, readBody } from "./http.ts";
import { Repository } from "./repository.ts";

/** Largest manifest or index that is accepted: 8 MiB, as in containerd. */
export const MAX_MANIFEST_BYTES: number = 8 * 1024 * 1024;

/** Options for {@linkcode createRemote}. */
export interface RemoteOptions extends HostOptions {
  /** What the user has for a registry host, e.g. `docker.io`, `localhost:5000`. */
  readonly credentials?: (host: string) => Promise<Credentials | undefined> | Credentials | undefined;
  /** Headers of every request, e.g. `user-agent`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly log?: Logger;
}

/** What a reference stands for at the moment. */
export interface Resolved {
  /** The reference as given. */
  readonly name: string;
  /** Manifest or index. */
  readonly descriptor: Descriptor;
}

/** Registries. */
export interface Remote extends Disposable {
  /**
   * Asks what `ref` (`host/path[:tag][@digest]`) stands for.
   *
   * @throws {RtError} `NOT_FOUND` "failed to resolve reference …: not found"; `UNAUTHENTICATED`, `PERMISSION_DENIED`,
   * `UNAVAILABLE`.
   */
  resolve(ref: string, options?: { readonly signal?: AbortSignal }): Promise<Resolved>;
  /** The repository of `ref`, for fetching and pushing. */
  repository(ref: string): Promise<Repository>;
}

/** Makes a {@linkcode Remote}; dispose it to close its connections. */
export function createRemote(options: RemoteOptions = {}): Remote {
  const log = options.log ?? silentLogger;
  const http = new HttpClient();
  const authorizer = new Authorizer(http, options.credentials);
  const plain = new Set<string>();
  const headers = { "user-agent": "rt-containerd", ...options.headers };
  const repository = async (ref: string): Promise<Repository> => {
    const reference = parseReference(ref);
    if (reference.domain === "") {
      throw new RtError("INVALID_ARGUMENT", `cannot use reference ${JSON.stringify(ref)}: no registry host`);
    }
    const hosts = await registryHosts(reference.domain, options);
    return new Repository(reference, { http, authorizer, hosts, headers, plain });
  };
  return {
    repository,
    resolve: async (ref, { signal } = {}) => {
      try {
        return { name: ref, descriptor: await resolve(await repository(ref), log, signal) };
      } catch (err) {
        signal?.throwIfAborted();
        throw unresolved(ref, err);
      }
    },
    [Symbol.dispose]: () => http[Symbol.dispose](),
  };
}

async function resolve(repository: Repository, log: Logger, signal?: AbortSignal): Promise<Descriptor> {
  const { tag, digest } = repository.reference;
  const target = digest ?? tag;
  if (target === undefined) throw new RtError("INVALID_ARGUMENT", "object required");
  const request = {
    capability: "resolve" as const,
    path: `manifests/${target}`,
    headers: { accept: MANIFEST_ACCEPT },
    ...(signal && { signal }),
  };
  const head = await repository.send({ ...request, method: "HEAD" }).catch((err) => {
    // The body of a GET tells why; it may also succeed where HEAD is not served well.
    if (err instanceof RegistryError) return undefined;
    throw err;
  });
  head?.dispose();
  const claimed = head?.headers["docker-content-digest"];
  const size = Number(head?.headers["content-length"] ?? Number.NaN);
  const mediaType = baseMediaType(head?.headers["content-type"] ?? "");
  if (mediaType !== "" && size > 0 && claimed !== undefined && isDigest(claimed)) {
    if (digest !== undefined && claimed !== digest)
      log.warn("registry names another digest", { digest, claimed });
    return checked({ mediaType, digest: digest ?? claimed, size });
  }
  const res = await repository.send({ ...request, method: "GET" });
  const body = await readManifest(res);
  if (digest !== undefined) verifyDigest(digest, body);
  const type = baseMediaType(res.headers["content-type"] ?? "");
  return checked({ mediaType: type, digest: digest ?? digestOf(body), size: body.length });
}

function checked(descriptor: Descriptor): Descriptor {
  if (mediaKind(descriptor.mediaType) === "schema1") {
    throw new RtError(
      "NOT_IMPLEMENTED",
      `${descriptor.mediaType} is not supported: it is a schema 1 manifest`,
    );
  }
  if (descriptor.size > MAX_MANIFEST_BYTES) {
    throw new RtError(
      "OUT_OF_RANGE",
      `rejecting ${descriptor.size} byte manifest: larger than ${MAX_MANIFEST_BYTES} bytes`,
    );
  }
  return descriptor;
}

async function readManifest(res: Awaited<ReturnType<Repository["send"]>>): Promise<Uint8Array> {
  try {
    return await readBody(res, MAX_MANIFEST_BYTES);
  } catch (cause) {
    if (cause instanceof RangeError) {
      throw new RtError("OUT_OF_RANGE", `rejecting manifest larger than ${MAX_MANIFEST_BYTES} bytes`, {
        cause,
      });
    }
    throw new RegistryUnreachableError("cannot read manifest", { cause });
  }
}

/** containerd's text. Source: core/remotes/docker/resolver.go. */
function unresolved(ref: string, err: unknown): RtError {
  const code = err instanceof RtError ? err.code : "UNKNOWN";
  const reason = err instanceof RegistryError && err.status === 404 ? `${ref}: not found` : message(err);
  const details = err instanceof RtError ? err.details : undefined;
  return new RtError(code, `failed to resolve reference ${JSON.stringify(ref)}: ${reason}`, {
    cause: err,
    ...(details && { details }),
  });
}

function message(err: unknown): string {
  return err instanceof Error ? err.message : String(err);
}

/** Host name and repository path of `ref` as containerd's `distribution.source` labels have them. */
export function distributionSource(ref: string): { readonly label: string; readonly repository: string } {
  const reference = parseReference(ref);
  const host = repositoryOf(reference)
    .slice(0, -reference.path.length - 1)
    .replace(/:\d+$/, "");
  return { label: `containerd.io/distribution.source.${host}`, repository: reference.path };
}
