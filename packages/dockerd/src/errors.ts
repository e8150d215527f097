/**
 * The `./errors` door of @rt/dockerd: Docker's own error texts as classes, and the error model from below.
 *
 * Texts are matched by clients (docker CLI, compose, SDKs), so they are the peer's, letter by letter.
 * Source: moby `daemon/errors.go`, `daemon/container.go`, `daemon/images/image.go`.
 *
 * @module
 */
import { RtError, type RtErrorOptions } from "@rt/containerd/errors";

export {
  addClause,
  causesOf,
  codeOf,
  codeOfErrno,
  ERROR_CODES,
  type ErrorCode,
  errorLine,
  hasCode,
  isErrorCode,
  messageOf,
  RtError,
  type RtErrorOptions,
} from "@rt/containerd/errors";

/** A container, exec, image, volume or network that is not there. */
export class NotFoundError extends RtError {
  override name: string = "NotFoundError";

  /** Makes the error that reads `message`. */
  constructor(message: string, options?: RtErrorOptions) {
    super("NOT_FOUND", message, options);
  }
}

/** A request that contradicts the present state: a name in use, a container that does not run. */
export class ConflictError extends RtError {
  override name: string = "ConflictError";

  /** Makes the error that reads `message`. */
  constructor(message: string, options?: RtErrorOptions) {
    super("CONFLICT", message, options);
  }
}

/** A request that is wrong whatever the state. */
export class InvalidParameterError extends RtError {
  override name: string = "InvalidParameterError";

  /** Makes the error that reads `message`. */
  constructor(message: string, options?: RtErrorOptions) {
    super("INVALID_ARGUMENT", message, options);
  }
}

/** Something that the engine does not do. */
export class NotImplementedError extends RtError {
  override name: string = "NotImplementedError";

  /** Makes the error that reads `message`. */
  constructor(message: string, options?: RtErrorOptions) {
    super("NOT_IMPLEMENTED", message, options);
  }
}

/** The error for a container that is not there. */
export function noSuchContainer(name: string): NotFoundError {
  return new NotFoundError(`No such container: ${name}`);
}

/** The error for an image that is not there; `name` with its tag. */
export function noSuchImage(name: string): NotFoundError {
  return new NotFoundError(`No such image: ${name}`);
}

/** The error for an exec that is not there. */
export function noSuchExec(id: string): NotFoundError {
  return new NotFoundError(`No such exec instance: ${id}`);
}

/** The error for a container that would have to run. */
export function notRunning(id: string): ConflictError {
  return new ConflictError(`container ${id} is not running`);
}

/** The error for a container name that another container has. */
export function nameInUse(name: string, ownerId: string): ConflictError {
  return new ConflictError(
    `Conflict. The container name "/${name}" is already in use by container "${ownerId}". You have to remove (or rename) that container to be able to reuse that name.`,
  );
}
