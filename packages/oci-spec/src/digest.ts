/**
 * Digests: names of content by its hash, `sha256:<64 hex>`; parsing, computing and verifying while streaming.
 *
 * Source: image-spec 1.1 `descriptor.md` section "Digests"; rules and texts as in opencontainers/go-digest `digest.go`.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { DigestMismatchError, InvalidDigestError } from "./errors.ts";

/** A digest as text, `<algorithm>:<encoded>`. */
export type Digest = string;

/** The hash algorithms that we can compute. */
export type DigestAlgorithm = "sha256" | "sha384" | "sha512";

/** A digest taken apart. */
export interface ParsedDigest {
  /** Hash algorithm. */
  readonly algorithm: DigestAlgorithm;
  /** The hash, lower-case hexadecimal. */
  readonly hex: string;
}

const shape = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/;
const hexDigits: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha384: 96, sha512: 128 };

/** Why `text` is no digest of ours, in go-digest's words; undefined if it is one. */
function fault(text: string): string | undefined {
  const colon = text.indexOf(":");
  if (colon <= 0 || colon + 1 === text.length) return "invalid checksum digest format";
  const algorithm = text.slice(0, colon);
  if (!Object.hasOwn(hexDigits, algorithm)) {
    return text.length < 1024 && shape.test(text)
      ? "unsupported digest algorithm"
      : "invalid checksum digest format";
  }
  const hex = text.length - colon - 1;
  if (hex !== hexDigits[algorithm as DigestAlgorithm]) return "invalid checksum digest length";
  return /^[a-f0-9]+$/.test(text.slice(colon + 1)) ? undefined : "invalid checksum digest format";
}

/** Whether `text` is a digest that we can verify; what is true here is also safe as a file name below its algorithm. */
export function isDigest(text: string): boolean {
  return fault(text) === undefined;
}

/**
 * Takes a digest apart.
 *
 * @throws {InvalidDigestError} `INVALID_ARGUMENT` with go-digest's text.
 *
 * @example
 * ```ts
 * import { digestOf, parseDigest } from "@rt/oci-spec";
 * if (parseDigest(digestOf("{}")).hex.slice(0, 8) !== "44136fa3") throw new Error("not the empty descriptor");
 * ```
 */
export function parseDigest(text: string): ParsedDigest {
  const reason = fault(text);
  if (reason !== undefined) throw new InvalidDigestError(text, reason);
  const colon = text.indexOf(":");
  return { algorithm: text.slice(0, colon) as DigestAlgorithm, hex: text.slice(colon + 1) };
}

/** The digest of `content`; a string counts as UTF-8. */
export function digestOf(content: Uint8Array | string, algorithm: DigestAlgorithm = "sha256"): Digest {
  return `${algorithm}:${createHash(algorithm).update(content).digest("hex")}`;
}

/** A hash in progress. */
export interface Digester {
  /** Bytes seen so far. */
  readonly size: number;
  /** Adds bytes. */
  update(chunk: Uint8Array): void;
  /** The digest of all bytes; call once, at the end. */
  digest(): Digest;
}

/** Starts a hash. */
export function createDigester(algorithm: DigestAlgorithm = "sha256"): Digester {
  const hash = createHash(algorithm);
  let size = 0;
  return {
    get size() {
      return size;
    },
    update(chunk) {
      size += chunk.byteLength;
      hash.update(chunk);
    },
    digest: () => `${algorithm}:${hash.digest("hex")}`,
  };
}

/**
 * Checks that `content` has digest `expected`.
 *
 * @throws {InvalidDigestError} `INVALID_ARGUMENT` if `expected` is malformed.
 * @throws {DigestMismatchError} `FAILED_PRECONDITION` if the content is another one.
 */
export function verifyDigest(expected: Digest, content: Uint8Array | string): void {
  const actual = digestOf(content, parseDigest(expected).algorithm);
  if (actual !== expected) throw new DigestMismatchError(expected, actual);
}

/** Options for {@linkcode verifyStream}. */
export interface VerifyStreamOptions {
  /** The exact length that is expected; a longer stream fails at the first byte too many. Bytes. */
  readonly sizeBytes?: number;
}

/**
 * A pass-through stream that errors at its end if what passed does not have digest `expected`.
 *
 * Nothing that passed may be trusted before the stream has ended well.
 *
 * @throws {InvalidDigestError} `INVALID_ARGUMENT` if `expected` is malformed; at once, not through the stream.
 */
export function verifyStream(
  expected: Digest,
  options: VerifyStreamOptions = {},
): TransformStream<Uint8Array, Uint8Array> {
  const digester = createDigester(parseDigest(expected).algorithm);
  const { sizeBytes } = options;
  return new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      digester.update(chunk);
      if (sizeBytes !== undefined && digester.size > sizeBytes) {
        throw new DigestMismatchError(expected, `of content longer than ${sizeBytes} bytes`);
      }
      controller.enqueue(chunk);
    },
    flush() {
      const actual = digester.digest();
      if (actual !== expected) throw new DigestMismatchError(expected, actual);
      if (sizeBytes !== undefined && digester.size !== sizeBytes) {
        throw new DigestMismatchError(expected, `of content of ${digester.size} bytes, not ${sizeBytes}`);
      }
    },
  });
}
