/**
 * Errors that @rt/runc throws.
 *
 * @module
 */
import type { ErrorCode } from "@rt/oci-spec/errors";
import { RtError } from "@rt/oci-spec/errors";
import { errnoName } from "./launch/errno.ts";

export * from "@rt/oci-spec/errors";

/** Class of a failed system call by its errno's name; anything else is `INTERNAL`. */
const CODE_OF_ERRNO: Readonly<Record<string, ErrorCode>> = {
  EPERM: "PERMISSION_DENIED",
  EACCES: "PERMISSION_DENIED",
  ENOENT: "NOT_FOUND",
  ESRCH: "NOT_FOUND",
  EEXIST: "ALREADY_EXISTS",
  EINVAL: "INVALID_ARGUMENT",
  ENOTDIR: "INVALID_ARGUMENT",
  ELOOP: "INVALID_ARGUMENT",
  ENAMETOOLONG: "INVALID_ARGUMENT",
  ENOEXEC: "INVALID_ARGUMENT",
  EBUSY: "FAILED_PRECONDITION",
  ENOTEMPTY: "FAILED_PRECONDITION",
  EROFS: "FAILED_PRECONDITION",
  ENOMEM: "RESOURCE_EXHAUSTED",
  ENOSPC: "RESOURCE_EXHAUSTED",
  EDQUOT: "RESOURCE_EXHAUSTED",
  EMFILE: "RESOURCE_EXHAUSTED",
  ENFILE: "RESOURCE_EXHAUSTED",
  EAGAIN: "RESOURCE_EXHAUSTED",
  ENOSYS: "NOT_IMPLEMENTED",
  EOPNOTSUPP: "NOT_IMPLEMENTED",
  ETIMEDOUT: "DEADLINE_EXCEEDED",
};

/** A step of a launch program failed: "cannot mount proc on /proc: EPERM". */
export class SyscallError extends RtError {
  override name: string = "SyscallError";
  /** What the step is for, e.g. `mount proc on /proc`. */
  readonly op: string;
  /** The system call, or the kind of operation if it is not one. */
  readonly syscall: string;
  /** Error number. */
  readonly errno: number;
  /** Name of the error number, e.g. `EPERM`. */
  readonly errnoName: string;

  /** Names the step `op` that failed with `errno`. */
  constructor(op: string, syscall: string, errno: number) {
    const name = errnoName(errno);
    super(CODE_OF_ERRNO[name] ?? "INTERNAL", `cannot ${op}: ${name}`, {
      details: { op, syscall, errno, errnoName: name },
    });
    this.op = op;
    this.syscall = syscall;
    this.errno = errno;
    this.errnoName = name;
  }
}

/** A launch program could not be started, or ended in a way that it did not report. */
export class LaunchError extends RtError {
  override name: string = "LaunchError";
}
