/**
 * Error classes and gRPC status codes, both ways.
 *
 * Total over {@linkcode ErrorCode}; the two that only Docker's API tells apart take the nearest.
 * Source: google/rpc/code.proto.
 *
 * @module
 */
import type { ErrorCode } from "../errors.ts";

/** gRPC status code of each error class. */
export const GRPC_CODE: Readonly<Record<ErrorCode, number>> = {
  CANCELED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  NOT_IMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
  CONFLICT: 6,
  NOT_MODIFIED: 9,
};

/** Error class of a gRPC status code; `UNKNOWN` for codes nobody knows. */
export function errorCodeOfGrpc(code: number): ErrorCode {
  const found = Object.entries(GRPC_CODE).find(([, number]) => number === code);
  return (found?.[0] as ErrorCode | undefined) ?? "UNKNOWN";
}
