/**
 * Errors as gRPC statuses: the class becomes the code, the text stays as it is.
 *
 * Source: containerd errdefs/pkg/errgrpc (ToGRPC).
 *
 * @module
 */
import { GRPC_CODE } from "../api/wire/grpc_code.ts";
import { codeOf, messageOf } from "../errors.ts";

/** A gRPC status. */
export interface GrpcStatus {
  /** 1 to 16. */
  readonly code: number;
  readonly message: string;
}

/** Status of any thrown value. */
export function toGrpcStatus(err: unknown): GrpcStatus {
  return { code: GRPC_CODE[codeOf(err)], message: messageOf(err) };
}
