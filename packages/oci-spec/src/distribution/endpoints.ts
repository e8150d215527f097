/**
 * Endpoints of a registry: the path of each request.
 *
 * | id | method | path below `/v2/` | here |
 * |---|---|---|---|
 * | end-1 | GET | | {@linkcode basePath} |
 * | end-2 | GET, HEAD | `<name>/blobs/<digest>` | {@linkcode blobUrlPath} |
 * | end-3, 7a, 9 | GET, HEAD, PUT, DELETE | `<name>/manifests/<reference>` | {@linkcode manifestPath} |
 * | end-4a, 4b, 4c, 11 | POST | `<name>/blobs/uploads/` | {@linkcode uploadsPath} |
 * | end-5, 6, 13, 14 | PATCH, PUT, GET, DELETE | what `Location` said | |
 * | end-7b | PUT | `<name>/manifests/<digest>?tag=…` | {@linkcode manifestPath} |
 * | end-8a, 8b | GET | `<name>/tags/list?n=&last=` | {@linkcode tagsPath} |
 * | end-10 | DELETE | `<name>/blobs/<digest>` | {@linkcode blobUrlPath} |
 * | end-12a, 12b | GET | `<name>/referrers/<digest>?artifactType=` | {@linkcode referrersPath} |
 *
 * Source: distribution-spec 1.1 `spec.md` section "Endpoints". Names and references must come from a parser of
 * `reference.ts`; what they allow needs no escaping.
 *
 * @module
 */
import { type Digest, parseDigest } from "../digest.ts";

/** end-1: whether there is a registry, and what it asks for. */
export function basePath(): string {
  return "/v2/";
}

/** end-2, end-10: a blob. */
export function blobUrlPath(name: string, digest: Digest): string {
  return `/v2/${name}/blobs/${digest}`;
}

/** Options for {@linkcode manifestPath}. */
export interface ManifestPathOptions {
  /** end-7b: tags to set with a manifest that is put by digest. */
  readonly tags?: readonly string[];
}

/** end-3, end-7, end-9: a manifest by tag or digest. */
export function manifestPath(name: string, reference: string, options: ManifestPathOptions = {}): string {
  return `/v2/${name}/manifests/${reference}${query((options.tags ?? []).map((tag) => ["tag", tag]))}`;
}

/** Options for {@linkcode uploadsPath}. */
export interface UploadsPathOptions {
  /** end-4b: the whole blob comes with this request. */
  readonly digest?: Digest;
  /** end-4c: algorithm of the digest to come. */
  readonly digestAlgorithm?: string;
  /** end-11: take this blob from another repository. */
  readonly mount?: Digest;
  /** end-11: that repository. */
  readonly from?: string;
}

/** end-4, end-11: begins an upload. */
export function uploadsPath(name: string, options: UploadsPathOptions = {}): string {
  return `/v2/${name}/blobs/uploads/${query([
    ["digest", options.digest],
    ["digest-algorithm", options.digestAlgorithm],
    ["mount", options.mount],
    ["from", options.from],
  ])}`;
}

/** Options for {@linkcode tagsPath}. */
export interface TagsPathOptions {
  /** Most tags in the answer. */
  readonly n?: number;
  /** Tag after which to begin. */
  readonly last?: string;
}

/** end-8: the tags of a repository. */
export function tagsPath(name: string, options: TagsPathOptions = {}): string {
  return `/v2/${name}/tags/list${query([
    ["n", options.n?.toString()],
    ["last", options.last],
  ])}`;
}

/** end-12: what refers to a manifest. */
export function referrersPath(name: string, digest: Digest, artifactType?: string): string {
  return `/v2/${name}/referrers/${digest}${query([["artifactType", artifactType]])}`;
}

/**
 * Tag under which a registry without end-12 keeps the list of what refers to a manifest, `sha256-<hex>`.
 *
 * @throws {InvalidDigestError} `INVALID_ARGUMENT` if `digest` is malformed.
 */
export function referrersTag(digest: Digest): string {
  const { algorithm, hex } = parseDigest(digest);
  return `${algorithm.slice(0, 32)}-${hex.slice(0, 64)}`;
}

function query(pairs: (readonly [key: string, value: string | undefined])[]): string {
  const given = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined);
  return given.length === 0 ? "" : `?${given.map(([k, v]) => `${k}=${encodeURIComponent(v)}`).join("&")}`;
}
