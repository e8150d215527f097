/**
 * Errors as ttrpc statuses and back: one table, total over {@linkcode ErrorCode}.
 *
 * `CONFLICT` and `NOT_MODIFIED` have no gRPC code of their own; they travel as FAILED_PRECONDITION with a
 * `google.rpc.ErrorInfo` detail (domain `rt`) that names them. Source: googleapis google/rpc/code.proto;
 * containerd/errdefs pkg/errgrpc/grpc.go.
 *
 * @module
 */
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { codeOf, type ErrorCode, messageOf, type RtError } from "@rt/runc/oci";
import { RemoteError } from "../errors.ts";
import type { Status, StatusDetail } from "./codec.ts";

/** gRPC's number of each error code. */
export const STATUS_CODES: Readonly<Record<ErrorCode, number>> = {
  CANCELED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  CONFLICT: 9,
  NOT_MODIFIED: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  NOT_IMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
};

const INFO_URL = "type.googleapis.com/google.rpc.ErrorInfo";

/** Codes by number; where several share one, the plain one. */
const byNumber: ReadonlyMap<number, ErrorCode> = new Map(
  (Object.entries(STATUS_CODES) as [ErrorCode, number][])
    .filter(([code]) => code !== "CONFLICT" && code !== "NOT_MODIFIED")
    .map(([code, number]) => [number, code]),
);

/** A `google.rpc.ErrorInfo` {1 reason · 2 domain} that names `code`. */
function infoDetail(code: ErrorCode): StatusDetail {
  const w = new BinaryWriter();
  w.tag(1, WireType.LengthDelimited).string(code).tag(2, WireType.LengthDelimited).string("rt");
  return { typeUrl: INFO_URL, value: w.finish() };
}

/** The code that the details name, if one of ours does. */
function namedCode(details: readonly StatusDetail[]): ErrorCode | undefined {
  for (const { typeUrl, value } of details) {
    if (typeUrl !== INFO_URL) continue;
    const texts = new Map<number, string>();
    try {
      const reader = new BinaryReader(value);
      while (reader.pos < reader.len) {
        const [no, wire] = reader.tag();
        if (wire === WireType.LengthDelimited && no <= 2) texts.set(no, reader.string());
        else reader.skip(wire, no);
      }
    } catch {
      continue;
    }
    const reason = texts.get(1);
    if (texts.get(2) === "rt" && (reason === "CONFLICT" || reason === "NOT_MODIFIED")) return reason;
  }
  return undefined;
}

/** The status that tells `err`: its class, its text, and the details that came with it from a peer. */
export function statusOf(err: unknown): Status {
  const code = codeOf(err);
  const details = err instanceof RemoteError ? err.statusDetails : [];
  const named = code === "CONFLICT" || code === "NOT_MODIFIED";
  return {
    code: STATUS_CODES[code],
    message: messageOf(err),
    details: named && namedCode(details) === undefined ? [...details, infoDetail(code)] : details,
  };
}

/** The error that `status` tells; a code that gRPC does not have counts as `UNKNOWN`. */
export function errorOf(status: Status): RtError {
  const code = namedCode(status.details) ?? byNumber.get(status.code) ?? "UNKNOWN";
  return new RemoteError(code, status.message, status.details);
}
