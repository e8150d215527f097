/**
 * The `./errors` door of @rt/containerd: the error model from below and every class this layer throws.
 *
 * Texts are containerd's own where clients match on them.
 *
 * @module
 */
import { RtError, type RtErrorOptions } from "./oci.ts";

export { ArchiveError, LayerEntryError } from "./diff/errors.ts";
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
} from "./oci.ts";
export {
  codeOfAnswer,
  parseFaults,
  RegistryError,
  type RegistryFault,
  RegistryUnreachableError,
} from "./remotes/errors.ts";

/** Something that is not there. Text as in containerd: `<noun> "<id>": not found`. */
export class NotFoundError extends RtError {
  override name: string = "NotFoundError";

  /** @param what Noun and name, e.g. `container "web"`. */
  constructor(what: string, options?: RtErrorOptions) {
    super("NOT_FOUND", `${what}: not found`, options);
  }
}

/** A name that is in use. Text as in containerd: `<noun> "<id>": already exists`. */
export class AlreadyExistsError extends RtError {
  override name: string = "AlreadyExistsError";

  /** @param what Noun and name, e.g. `container "web"`. */
  constructor(what: string, options?: RtErrorOptions) {
    super("ALREADY_EXISTS", `${what}: already exists`, options);
  }
}

/** A request that can never succeed. Text as in containerd: `<reason>: invalid argument`. */
export class InvalidArgumentError extends RtError {
  override name: string = "InvalidArgumentError";

  constructor(reason: string, options?: RtErrorOptions) {
    super("INVALID_ARGUMENT", `${reason}: invalid argument`, options);
  }
}

/** A state that forbids the request. Text as in containerd: `<reason>: failed precondition`. */
export class FailedPreconditionError extends RtError {
  override name: string = "FailedPreconditionError";

  constructor(reason: string, options?: RtErrorOptions) {
    super("FAILED_PRECONDITION", `${reason}: failed precondition`, options);
  }
}

/** A resource that somebody else holds right now. Text as in containerd: `<reason>: unavailable`. */
export class UnavailableError extends RtError {
  override name: string = "UnavailableError";

  constructor(reason: string, options?: RtErrorOptions) {
    super("UNAVAILABLE", `${reason}: unavailable`, options);
  }
}

/** What this containerd does not do. Text as in containerd: `<what>: not implemented`. */
export class NotImplementedError extends RtError {
  override name: string = "NotImplementedError";

  constructor(what: string, options?: RtErrorOptions) {
    super("NOT_IMPLEMENTED", `${what}: not implemented`, options);
  }
}
