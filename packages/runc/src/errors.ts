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

/** The id is in use. Text as runc 1.1's (libcontainer/factory_linux.go). */
export class ContainerExistsError extends RtError {
  override name: string = "ContainerExistsError";
  /** Makes the error for container `id`. */
  constructor(id: string) {
    super("ALREADY_EXISTS", "container with given ID already exists", { details: { id } });
  }
}

/** There is no such container. Text as runc's (libcontainer/error.go), which shims match. */
export class ContainerNotFoundError extends RtError {
  override name: string = "ContainerNotFoundError";
  /** Makes the error for container `id`. */
  constructor(id: string) {
    super("NOT_FOUND", "container does not exist", { details: { id } });
  }
}

/** The container's status does not allow the call. Texts as runc's (libcontainer/{error,state_linux}.go). */
export class ContainerStatusError extends RtError {
  override name: string = "ContainerStatusError";
  /** Makes the error that reads `message`. */
  constructor(id: string, status: string, message: string) {
    super("FAILED_PRECONDITION", message, { details: { id, status } });
  }
}

/** The configuration or the request cannot be used; text as runc's where it has one. */
export class InvalidRequestError extends RtError {
  override name: string = "InvalidRequestError";
  /** Makes the error that reads `message`. */
  constructor(message: string, cause?: unknown) {
    super("INVALID_ARGUMENT", message, { cause });
  }
}

/** The container's process could not be started: a step of its launch program failed, or a hook did. */
export class StartProcessError extends RtError {
  override name: string = "StartProcessError";
  /** Makes the error of class `code` that reads as runc's "unable to start container process: …". */
  constructor(code: ErrorCode, reason: string, cause?: unknown) {
    super(code, `unable to start container process: ${reason}`, { cause });
  }
}

/** Another runtime's binary failed. */
export class RuntimeBinaryError extends RtError {
  override name: string = "RuntimeBinaryError";
  /** Exit status of the binary. */
  readonly exitCode: number;
  /** Makes the error of class `code` with the binary's own text. */
  constructor(code: ErrorCode, message: string, exitCode: number) {
    super(code, message);
    this.exitCode = exitCode;
  }
}
