/**
 * The `./errors` door of @rt/cri: what the CRI's calls fail with, and the error model from below.
 *
 * Texts are containerd's, which critest and the kubelet have been run against.
 * Source: containerd `internal/cri/server/*.go`.
 *
 * @module
 */
import { RtError, type RtErrorOptions } from "@rt/dockerd/errors";

export {
  addClause,
  causesOf,
  codeOf,
  ERROR_CODES,
  type ErrorCode,
  errorLine,
  hasCode,
  isErrorCode,
  messageOf,
  RtError,
  type RtErrorOptions,
} from "@rt/dockerd/errors";

/** A pod sandbox that is not there. */
export class SandboxNotFoundError extends RtError {
  override name: string = "SandboxNotFoundError";

  /** Makes the error that reads `<clause>: not found`. */
  constructor(clause: string, options?: RtErrorOptions) {
    super("NOT_FOUND", `${clause}: not found`, options);
  }
}

/** A container that is not there. */
export class ContainerNotFoundError extends RtError {
  override name: string = "ContainerNotFoundError";

  /** Makes the error that reads `<clause>: not found`. */
  constructor(clause: string, options?: RtErrorOptions) {
    super("NOT_FOUND", `${clause}: not found`, options);
  }
}

/** A request that is wrong whatever the state. */
export class InvalidRequestError extends RtError {
  override name: string = "InvalidRequestError";

  /** Makes the error that reads `message`. */
  constructor(message: string, options?: RtErrorOptions) {
    super("INVALID_ARGUMENT", message, options);
  }
}

/** A request that a sandbox or container is not in the state for. */
export class WrongStateError extends RtError {
  override name: string = "WrongStateError";

  /** Makes the error that reads `message`. */
  constructor(message: string, options?: RtErrorOptions) {
    super("FAILED_PRECONDITION", message, options);
  }
}

/** A command in a container that took longer than it was given; it has been killed. */
export class ExecTimeoutError extends RtError {
  override name: string = "ExecTimeoutError";

  /** Makes the error for a time-out of `seconds`. */
  constructor(seconds: number, options?: RtErrorOptions) {
    super(
      "DEADLINE_EXCEEDED",
      `failed to exec in container: timeout ${seconds}s exceeded: context deadline exceeded`,
      options,
    );
  }
}

/** A log of the engine or of our own that cannot be read. */
export class LogFormatError extends RtError {
  override name: string = "LogFormatError";

  /** Makes the error that reads `message`. */
  constructor(message: string, options?: RtErrorOptions) {
    super("DATA_LOSS", message, options);
  }
}
