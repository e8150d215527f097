/**
 * HTTP status of an error: one total function from error class to status.
 *
 * Source: moby `daemon/server/httpstatus/status.go`.
 *
 * @module
 */
import { codeOf, type ErrorCode } from "../errors.ts";

/** The HTTP status that `code` stands for. */
export function statusOfCode(code: ErrorCode): number {
  switch (code) {
    case "INVALID_ARGUMENT":
    case "OUT_OF_RANGE":
      return 400;
    case "UNAUTHENTICATED":
      return 401;
    case "PERMISSION_DENIED":
      return 403;
    case "NOT_FOUND":
      return 404;
    case "ALREADY_EXISTS":
    case "CONFLICT":
    case "FAILED_PRECONDITION":
      return 409;
    case "NOT_MODIFIED":
      return 304;
    case "NOT_IMPLEMENTED":
      return 501;
    case "UNAVAILABLE":
      return 503;
    case "RESOURCE_EXHAUSTED":
    case "ABORTED":
    case "CANCELED":
    case "DEADLINE_EXCEEDED":
    case "DATA_LOSS":
    case "INTERNAL":
    case "UNKNOWN":
      return 500;
  }
}

/** The HTTP status of any thrown value. */
export function statusOf(err: unknown): number {
  return statusOfCode(codeOf(err));
}
