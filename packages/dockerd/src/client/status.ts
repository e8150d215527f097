/**
 * Error class of an HTTP status, for clients.
 *
 * @module
 */
import type { ErrorCode } from "../errors.ts";

/** The error class that an HTTP status stands for. */
export function codeOfStatus(status: number): ErrorCode {
  switch (status) {
    case 304:
      return "NOT_MODIFIED";
    case 400:
      return "INVALID_ARGUMENT";
    case 401:
      return "UNAUTHENTICATED";
    case 403:
      return "PERMISSION_DENIED";
    case 404:
      return "NOT_FOUND";
    case 409:
      return "CONFLICT";
    case 501:
      return "NOT_IMPLEMENTED";
    case 503:
      return "UNAVAILABLE";
    default:
      return "INTERNAL";
  }
}
