/**
 * References: names of images, `[domain/]path[:tag][@digest]`, and Docker's short forms of them.
 *
 * Source: distribution/reference `reference.go` (grammar, texts), `normalize.go` (short forms). A short form such as
 * `busybox` means `docker.io/library/busybox`; showing it again in its short form is called *familiar*.
 *
 * @module
 */
import { isDigest, parseDigest } from "./digest.ts";
import { InvalidReferenceError } from "./errors.ts";

/** A name taken apart. */
export interface Reference {
  /** Registry host with optional port, e.g. `docker.io`; empty in a bare grammar parse without one. */
  readonly domain: string;
  /** Repository below the domain, e.g. `library/busybox`. */
  readonly path: string;
  /** Tag, e.g. `latest`. */
  readonly tag?: string;
  /** Digest, e.g. `sha256:…`. */
  readonly digest?: string;
}

const DEFAULT_DOMAIN = "docker.io";
const OFFICIAL = "library/";
const PATH_MAX_CHARS = 255;
/** Longer texts are refused unread, which bounds the work of the patterns below. */
const TEXT_MAX_CHARS = 4096;

const label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
const domain = `(?:${label}(?:\\.${label})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const path = `${component}(?:/${component})*`;
const tag = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}";
const digest = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";

const referencePattern = new RegExp(`^((?:${domain}/)?${path})(?::(${tag}))?(?:@(${digest}))?$`);
const namePattern = new RegExp(`^(?:(${domain})/)?(${path})$`);
const tagPattern = new RegExp(`^${tag}$`);
const identifier = /^[a-f0-9]{64}$/;

function refuse(text: string, reason: string): never {
  throw new InvalidReferenceError(text, reason);
}

/**
 * Parses a reference by the grammar alone: no default domain, no `library/`.
 *
 * @throws {InvalidReferenceError} `INVALID_ARGUMENT` with Docker's text.
 * @throws {InvalidDigestError} `INVALID_ARGUMENT` if the digest part is not one.
 */
export function parseReference(text: string): Reference {
  if (text === "") refuse(text, "repository name must have at least one component");
  const match = text.length > TEXT_MAX_CHARS ? null : referencePattern.exec(text);
  if (match === null) {
    const lower = text.toLowerCase();
    const onlyCase = text.length <= TEXT_MAX_CHARS && lower !== text && referencePattern.test(lower);
    refuse(text, onlyCase ? "repository name must be lowercase" : "invalid reference format");
  }
  const [, name = "", tagPart, digestPart] = match;
  const parts = namePattern.exec(name);
  const pathPart = parts?.[2] ?? name;
  if (pathPart.length > PATH_MAX_CHARS) {
    refuse(text, `repository name must not be more than ${PATH_MAX_CHARS} characters`);
  }
  if (digestPart !== undefined) parseDigest(digestPart);
  return {
    domain: parts?.[1] ?? "",
    path: pathPart,
    ...(tagPart === undefined ? {} : { tag: tagPart }),
    ...(digestPart === undefined ? {} : { digest: digestPart }),
  };
}

/** Splits a name as users write it into its domain, docker.io if it names none, and the rest. */
function splitDomain(text: string): [domain: string, rest: string] {
  const slash = text.indexOf("/");
  if (slash < 0) return [DEFAULT_DOMAIN, OFFICIAL + text];
  const first = text.slice(0, slash);
  const isHost = first === "localhost" || /[.:]/.test(first) || first !== first.toLowerCase();
  const host = !isHost || first === "index.docker.io" ? DEFAULT_DOMAIN : first;
  const rest = isHost ? text.slice(slash + 1) : text;
  return [host, host === DEFAULT_DOMAIN && !rest.includes("/") ? OFFICIAL + rest : rest];
}

/**
 * Parses a name as users write it: `busybox` is `docker.io/library/busybox`, `a/b:1` is `docker.io/a/b:1`.
 *
 * @throws {InvalidReferenceError} `INVALID_ARGUMENT` with Docker's text.
 *
 * @example
 * ```ts
 * import { formatReference, parseFamiliar, withDefaultTag } from "@rt/oci-spec";
 * const ref = withDefaultTag(parseFamiliar("busybox"));
 * if (formatReference(ref) !== "docker.io/library/busybox:latest") throw new Error("not normal");
 * ```
 */
export function parseFamiliar(text: string): Reference {
  if (identifier.test(text)) {
    refuse(text, `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  const [host, rest] = splitDomain(text);
  const colon = rest.indexOf(":");
  const name = colon < 0 ? rest : rest.slice(0, colon);
  if (name !== name.toLowerCase()) {
    refuse(text, `invalid reference format: repository name (${name}) must be lowercase`);
  }
  return parseReference(`${host}/${rest}`);
}

/**
 * Parses a name as users write it for use as an image's one name: `latest` if it has neither tag nor digest, and
 * without its tag if it has both.
 *
 * @throws {InvalidReferenceError} `INVALID_ARGUMENT` with Docker's text.
 */
export function parseDockerReference(text: string): Reference {
  const ref = parseFamiliar(text);
  if (ref.digest === undefined) return withDefaultTag(ref);
  return { domain: ref.domain, path: ref.path, digest: ref.digest };
}

/** What {@linkcode parseAny} found: a name, or only a digest. */
export type AnyReference = Reference | { readonly digest: string; readonly path?: never };

/**
 * Parses what may be an image ID (64 hex digits), a digest or a name as users write it.
 *
 * @throws {InvalidReferenceError} `INVALID_ARGUMENT` with Docker's text.
 */
export function parseAny(text: string): AnyReference {
  if (identifier.test(text)) return { digest: `sha256:${text}` };
  return isDigest(text) ? { digest: text } : parseFamiliar(text);
}

/** The repository of `ref`: domain and path, without tag and digest. */
export function repositoryOf(ref: Reference): string {
  return ref.domain === "" ? ref.path : `${ref.domain}/${ref.path}`;
}

/** The whole reference as text. */
export function formatReference(ref: Reference): string {
  return repositoryOf(ref) + suffix(ref);
}

function suffix(ref: Reference): string {
  return (ref.tag === undefined ? "" : `:${ref.tag}`) + (ref.digest === undefined ? "" : `@${ref.digest}`);
}

/** The repository as Docker shows it: without `docker.io/`, and without `library/` if that is all there is. */
export function familiarName(ref: Reference): string {
  if (ref.domain !== DEFAULT_DOMAIN) return repositoryOf(ref);
  const rest = ref.path.startsWith(OFFICIAL) ? ref.path.slice(OFFICIAL.length) : ref.path;
  return rest.includes("/") ? ref.path : rest;
}

/** The whole reference as Docker shows it. */
export function formatFamiliar(ref: Reference): string {
  return familiarName(ref) + suffix(ref);
}

/** `ref` with tag `latest` if it has neither tag nor digest. */
export function withDefaultTag(ref: Reference): Reference {
  return ref.tag === undefined && ref.digest === undefined ? { ...ref, tag: "latest" } : ref;
}

/**
 * `ref` with another tag.
 *
 * @throws {InvalidReferenceError} `INVALID_ARGUMENT` "invalid tag format".
 */
export function withTag(ref: Reference, newTag: string): Reference {
  if (newTag.length > 128 || !tagPattern.test(newTag)) refuse(newTag, "invalid tag format");
  return { ...ref, tag: newTag };
}

/**
 * `ref` with another digest.
 *
 * @throws {InvalidDigestError} `INVALID_ARGUMENT` with go-digest's text.
 */
export function withDigest(ref: Reference, newDigest: string): Reference {
  parseDigest(newDigest);
  return { ...ref, digest: newDigest };
}
