/**
 * Errors of a registry: the document that it answers with, and the class of ours that each code and status stands for.
 *
 * Source: distribution-spec 1.1 `spec.md` section "Error Codes"; `UNKNOWN` and `PAGINATION_NUMBER_INVALID` as in
 * distribution `registry/api/errcode`.
 *
 * @module
 */
import type { ErrorCode } from "../errdefs.ts";
import { RegistryError } from "../errors.ts";

/** Codes of the distribution-spec: code-1 to code-14 without the gaps. */
export const REGISTRY_CODES = [
  "BLOB_UNKNOWN",
  "BLOB_UPLOAD_INVALID",
  "BLOB_UPLOAD_UNKNOWN",
  "DIGEST_INVALID",
  "MANIFEST_BLOB_UNKNOWN",
  "MANIFEST_INVALID",
  "MANIFEST_UNKNOWN",
  "NAME_INVALID",
  "NAME_UNKNOWN",
  "SIZE_INVALID",
  "UNAUTHORIZED",
  "DENIED",
  "UNSUPPORTED",
  "TOOMANYREQUESTS",
] as const;

/** A code of the distribution-spec. */
export type RegistryCode = (typeof REGISTRY_CODES)[number];

/** One entry of a registry's error document. */
export interface RegistryErrorEntry {
  /** One of {@linkcode REGISTRY_CODES}, or the registry's own. */
  readonly code: string;
  /** Text for people. */
  readonly message?: string;
  /** Anything more. */
  readonly detail?: unknown;
}

/** The class that a registry's code stands for; undefined for codes of its own. */
export function codeOfRegistryCode(code: string): ErrorCode | undefined {
  switch (code as RegistryCode) {
    case "BLOB_UNKNOWN":
    case "MANIFEST_UNKNOWN":
    case "MANIFEST_BLOB_UNKNOWN":
    case "NAME_UNKNOWN":
    case "BLOB_UPLOAD_UNKNOWN":
      return "NOT_FOUND";
    case "BLOB_UPLOAD_INVALID":
    case "DIGEST_INVALID":
    case "MANIFEST_INVALID":
    case "NAME_INVALID":
    case "SIZE_INVALID":
      return "INVALID_ARGUMENT";
    case "UNAUTHORIZED":
      return "UNAUTHENTICATED";
    case "DENIED":
      return "PERMISSION_DENIED";
    case "UNSUPPORTED":
      return "NOT_IMPLEMENTED";
    case "TOOMANYREQUESTS":
      return "RESOURCE_EXHAUSTED";
    default:
      return undefined;
  }
}

/** The class that an HTTP status of a registry stands for. */
export function codeOfHttpStatus(status: number): ErrorCode {
  switch (status) {
    case 401:
      return "UNAUTHENTICATED";
    case 403:
      return "PERMISSION_DENIED";
    case 404:
      return "NOT_FOUND";
    case 408:
    case 504:
      return "DEADLINE_EXCEEDED";
    case 409:
      return "CONFLICT";
    case 416:
      return "OUT_OF_RANGE";
    case 429:
      return "RESOURCE_EXHAUSTED";
    case 405:
    case 501:
      return "NOT_IMPLEMENTED";
    case 502:
    case 503:
      return "UNAVAILABLE";
  }
  if (status >= 500) return "INTERNAL";
  return status >= 400 ? "INVALID_ARGUMENT" : "UNKNOWN";
}

/** The entries of an error document; none if `body` is no such document. */
export function parseRegistryErrors(body: string): RegistryErrorEntry[] {
  if (body.length > 1 << 20) return [];
  let document: unknown;
  try {
    document = JSON.parse(body);
  } catch {
    return [];
  }
  if (typeof document !== "object" || document === null || !("errors" in document)) return [];
  if (!Array.isArray(document.errors)) return [];
  return document.errors.filter(
    (e): e is RegistryErrorEntry => typeof e === "object" && e !== null && typeof e.code === "string",
  );
}

/**
 * The error for an answer of a registry.
 *
 * @param what What could not be done, e.g. `cannot pull docker.io/library/busybox:latest`.
 */
export function registryError(what: string, status: number, body = ""): RegistryError {
  const entries = parseRegistryErrors(body);
  const code = entries.map((e) => codeOfRegistryCode(e.code)).find((c) => c !== undefined);
  const texts = entries.map((e) => `${e.code.toLowerCase().replaceAll("_", " ")}: ${e.message || e.code}`);
  const reason = texts.length > 0 ? texts.join("; ") : `registry answered with status ${status}`;
  return new RegistryError(code ?? codeOfHttpStatus(status), `${what}: ${reason}`, status, entries);
}

/** The error document for a code of the spec. */
export function formatRegistryError(code: RegistryCode, message: string, detail?: unknown): string {
  return JSON.stringify({ errors: [{ code, message, ...(detail === undefined ? {} : { detail }) }] });
}
