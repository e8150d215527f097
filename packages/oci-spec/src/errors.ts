/**
 * The `./errors` door of @rt/oci-spec: the error model of the stack and every class this layer throws.
 *
 * @module
 */
import type { RegistryErrorEntry } from "./distribution/error.ts";
import { type ErrorCode, RtError, type RtErrorOptions } from "./errdefs.ts";
import type { Problem } from "./runtime/problem.ts";

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
} from "./errdefs.ts";

/** A digest that is malformed or of an algorithm that we do not know. Texts as in opencontainers/go-digest `digest.go`. */
export class InvalidDigestError extends RtError {
  override name: string = "InvalidDigestError";
  /** The text that was given. */
  readonly value: string;

  /** Makes the error for `value`; `reason` is go-digest's text. */
  constructor(value: string, reason: string, options?: RtErrorOptions) {
    super("INVALID_ARGUMENT", reason, options);
    this.value = value;
  }
}

/** Content whose digest is not the expected one. */
export class DigestMismatchError extends RtError {
  override name: string = "DigestMismatchError";
  /** The digest that was asked for. */
  readonly expected: string;
  /** The digest of what came. */
  readonly actual: string;

  /** Makes the error for content with digest `actual` where `expected` was asked for. */
  constructor(expected: string, actual: string, options?: RtErrorOptions) {
    super("FAILED_PRECONDITION", `cannot verify content: digest is ${actual}, expected ${expected}`, options);
    this.expected = expected;
    this.actual = actual;
  }
}

/** An image reference that the grammar refuses. Texts as in distribution/reference `reference.go`. */
export class InvalidReferenceError extends RtError {
  override name: string = "InvalidReferenceError";
  /** The text that was given. */
  readonly value: string;

  /** Makes the error for `value`; `reason` is the peer's text. */
  constructor(value: string, reason: string, options?: RtErrorOptions) {
    super("INVALID_ARGUMENT", reason, options);
    this.value = value;
  }
}

/** A platform text that cannot be parsed. Texts as in containerd/platforms `platforms.go`. */
export class InvalidPlatformError extends RtError {
  override name: string = "InvalidPlatformError";
  /** The text that was given. */
  readonly value: string;

  /** Makes the error for `value`; `reason` is the peer's text. */
  constructor(value: string, reason: string, options?: RtErrorOptions) {
    super("INVALID_ARGUMENT", reason, options);
    this.value = value;
  }
}

/** A JSON document that is not what its media type promises. */
export class InvalidDocumentError extends RtError {
  override name: string = "InvalidDocumentError";
  /** What the document was to be, e.g. `image manifest`. */
  readonly kind: string;

  /** Makes the error "cannot read <kind>: <reason>". */
  constructor(kind: string, reason: string, options?: RtErrorOptions) {
    super("INVALID_ARGUMENT", `cannot read ${kind}: ${reason}`, options);
    this.kind = kind;
  }
}

/** A command line that the flag set refuses. Texts as in Go's `flag` or in spf13/pflag. */
export class FlagError extends RtError {
  override name: string = "FlagError";

  /** Makes the error that reads `message`. */
  constructor(message: string, options?: RtErrorOptions) {
    super("INVALID_ARGUMENT", message, options);
  }
}

/** A config that breaks rules of the runtime-spec. */
export class InvalidSpecError extends RtError {
  override name: string = "InvalidSpecError";
  /** Every rule that it breaks, warnings too. */
  readonly problems: readonly Problem[];

  /** Makes the error "cannot use <what>: <first problem> (and n more)". */
  constructor(what: string, problems: readonly Problem[], options?: RtErrorOptions) {
    const errors = problems.filter((p) => p.severity === "error");
    const first = errors[0] ?? problems[0];
    const text = first === undefined ? "no problem" : `${first.path}${first.path ? " " : ""}${first.message}`;
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
    super("INVALID_ARGUMENT", `cannot use ${what}: ${text}${more}`, { ...options, details: { problems } });
    this.problems = problems;
  }
}

/** A registry refused or failed a request. */
export class RegistryError extends RtError {
  override name: string = "RegistryError";
  /** HTTP status. */
  readonly status: number;
  /** Entries of its error document. */
  readonly entries: readonly RegistryErrorEntry[];

  /** Makes the error that reads `message`. */
  constructor(
    code: ErrorCode,
    message: string,
    status: number,
    entries: readonly RegistryErrorEntry[],
    options?: RtErrorOptions,
  ) {
    super(code, message, { ...options, details: { status, codes: entries.map((e) => e.code) } });
    this.status = status;
    this.entries = entries;
  }
}
