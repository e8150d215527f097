/**
 * Errors of registries.
 *
 * @module
 */
import { type ErrorCode, RtError, type RtErrorOptions } from "../oci.ts";

/** One member of a registry's `errors` array. */
export interface RegistryFault {
  /** E.g. `MANIFEST_UNKNOWN`. */
  readonly code: string;
  readonly message: string;
  readonly detail?: unknown;
}

/** A registry answered, and the answer was no. */
export class RegistryError extends RtError {
  override name = "RegistryError";
  /** HTTP status. */
  readonly status: number;
  /** What the body said; may be empty. */
  readonly faults: readonly RegistryFault[];

  constructor(what: string, status: number, faults: readonly RegistryFault[], options: RtErrorOptions = {}) {
    const said = faults.map((f) => `${f.code.toLowerCase().replaceAll("_", " ")}: ${f.message}`).join(", ");
    super(codeOfAnswer(status, faults), `${what}: ${said === "" ? `unexpected status ${status}` : said}`, {
      ...options,
      details: { status, faults },
    });
    this.status = status;
    this.faults = faults;
  }
}

/** A registry could not be reached, or the connection broke. */
export class RegistryUnreachableError extends RtError {
  override name = "RegistryUnreachableError";

  constructor(what: string, options: RtErrorOptions) {
    const { cause } = options;
    super(
      "UNAVAILABLE",
      `${what}: ${cause instanceof Error ? cause.message || cause.name : String(cause)}`,
      options,
    );
  }
}

/** The class of an answer. Source: distribution-spec "Error Codes". */
export function codeOfAnswer(status: number, faults: readonly RegistryFault[]): ErrorCode {
  for (const { code } of faults) {
    switch (code) {
      case "BLOB_UNKNOWN":
      case "BLOB_UPLOAD_UNKNOWN":
      case "MANIFEST_UNKNOWN":
      case "MANIFEST_BLOB_UNKNOWN":
      case "NAME_UNKNOWN":
        return "NOT_FOUND";
      case "UNAUTHORIZED":
        return "UNAUTHENTICATED";
      case "DENIED":
        return "PERMISSION_DENIED";
      case "TOOMANYREQUESTS":
        return "RESOURCE_EXHAUSTED";
      case "UNSUPPORTED":
        return "NOT_IMPLEMENTED";
      case "DIGEST_INVALID":
      case "MANIFEST_INVALID":
      case "NAME_INVALID":
      case "SIZE_INVALID":
      case "BLOB_UPLOAD_INVALID":
        return "INVALID_ARGUMENT";
    }
  }
  if (status === 401) return "UNAUTHENTICATED";
  if (status === 403) return "PERMISSION_DENIED";
  if (status === 404) return "NOT_FOUND";
  if (status === 416) return "OUT_OF_RANGE";
  if (status === 429) return "RESOURCE_EXHAUSTED";
  if (status >= 400 && status < 500) return "INVALID_ARGUMENT";
  return status >= 500 ? "UNAVAILABLE" : "UNKNOWN";
}

/** Reads a registry's error body; anything that is not one gives none. */
export function parseFaults(body: Uint8Array): RegistryFault[] {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(body));
  } catch {
    return [];
  }
  if (typeof json !== "object" || json === null || !("errors" in json) || !Array.isArray(json.errors))
    return [];
  return json.errors.flatMap((e: unknown) => {
    if (typeof e !== "object" || e === null || !("code" in e) || typeof e.code !== "string") return [];
    const message = "message" in e && typeof e.message === "string" ? e.message : e.code;
    return [{ code: e.code, message, ...("detail" in e && e.detail != null && { detail: e.detail }) }];
  });
}
