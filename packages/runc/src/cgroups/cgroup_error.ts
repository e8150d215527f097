/**
 * Errors of cgroup operations.
 *
 * @module
 */
import { codeOfErrno, type ErrorCode, RtError } from "@rt/oci-spec/errors";
import { errnoOf } from "../host/cgroup_fs.ts";

/** A cgroup could not be made, limited, read or removed. */
export class CgroupError extends RtError {
  override name = "CgroupError";
}

/** The error "cannot <what>: <op> <path>: <errno>", with the class of the errno. */
export function cgroupFailure(what: string, op: string, path: string, err: unknown): CgroupError {
  const errno = errnoOf(err);
  const code: ErrorCode = errno === undefined ? "INTERNAL" : codeOfErrno(errno);
  const reason = errno ?? (err instanceof Error ? err.message : String(err));
  return new CgroupError(code, `cannot ${what}: ${op} ${path}: ${reason}`, {
    cause: err,
    details: { path, op, ...(errno === undefined ? {} : { errno }) },
  });
}
