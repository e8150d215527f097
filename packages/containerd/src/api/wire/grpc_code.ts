/**
 * Error classes and gRPC status codes, both ways.
 *
 * Total over {@linkcode ErrorCode}; classes that gRPC lacks take the nearest (`CONFLICT` → ALREADY_EXISTS as
 * containerd's errgrpc does for unknown classes it can name, `NOT_MODIFIED` → FAILED_PRECONDITION).
 * Source: google/rpc/code.proto, containerd errdefs/pkg/errgrpc.
 *
 * @module
 */
import type { ErrorCode } from "../../errors.ts";

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

const byNumber: Readonly<Record<number, ErrorCode>> = Object.fromEntries(
  (Object.entries(GRPC_CODE) as [ErrorCode, number][])
    .filter(([name]) => name !== "CONFLICT" && name !== "NOT_MODIFIED")
    .map(([name, number]) => [number, name]),
);

/** Error class of a gRPC status code; `UNKNOWN` for codes nobody knows. */
export function errorCodeOfGrpc(code: number): ErrorCode {
  return byNumber[code] ?? "UNKNOWN";
}
