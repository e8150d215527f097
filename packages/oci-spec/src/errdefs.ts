/**
 * Error classes of the whole stack: one closed set of codes, one base class, and the ways to read them.
 *
 * The set is that of gRPC (`google/rpc/code.proto`) and containerd's `errdefs`, plus the two that only Docker's
 * HTTP API tells apart (`CONFLICT`, `NOT_MODIFIED`). Callers branch on codes, never on text.
 *
 * @module
 */

/** Every {@linkcode ErrorCode}, in the order of the documentation. */
export const ERROR_CODES = [
  "INVALID_ARGUMENT",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "FAILED_PRECONDITION",
  "CONFLICT",
  "NOT_MODIFIED",
  "PERMISSION_DENIED",
  "UNAUTHENTICATED",
  "RESOURCE_EXHAUSTED",
  "ABORTED",
  "CANCELED",
  "DEADLINE_EXCEEDED",
  "UNAVAILABLE",
  "OUT_OF_RANGE",
  "NOT_IMPLEMENTED",
  "DATA_LOSS",
  "INTERNAL",
  "UNKNOWN",
] as const;

/** What went wrong, as a class that every boundary can carry. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** What an {@linkcode RtError} can carry beside its code and text. */
export interface RtErrorOptions {
  /** The error that led to this one; any thrown value. */
  readonly cause?: unknown;
  /** Data for programs, JSON-like, e.g. `{ id, path, errno }`. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * Base of every error the stack throws on purpose.
 *
 * @example
 * ```ts
 * import { hasCode, RtError } from "@rt/oci-spec/errors";
 * const inner = new RtError("NOT_FOUND", "cannot read blob sha256:1: no such file");
 * const outer = new RtError("INTERNAL", `cannot unpack image web: ${inner.message}`, { cause: inner });
 * if (!hasCode(outer, "NOT_FOUND")) throw new Error("the cause was not seen");
 * ```
 */
export class RtError extends Error {
  override name: string = "RtError";
  /** Class of the failure. */
  readonly code: ErrorCode;
  /** Data for programs; absent when there is none. */
  declare readonly details?: Readonly<Record<string, unknown>>;

  /** Makes an error of class `code` that reads `message`. */
  constructor(code: ErrorCode, message: string, options: RtErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.details !== undefined) this.details = options.details;
  }
}

/** Whether `value` is one of {@linkcode ERROR_CODES}. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return (ERROR_CODES as readonly unknown[]).includes(value);
}

/** Yields `err` and everything below it (`cause`, and the members of an AggregateError), outermost first, each once. */
export function* causesOf(err: unknown): Generator<unknown> {
  const queue: unknown[] = [err];
  const seen = new Set<unknown>();
  for (const current of queue) {
    if (current === undefined || current === null || seen.has(current)) continue;
    seen.add(current);
    yield current;
    if (typeof current !== "object") continue;
    if ("cause" in current) queue.push(current.cause);
    if (current instanceof AggregateError) queue.push(...current.errors);
  }
}

/** The class of one error alone, or undefined if it has none. */
function ownCode(err: unknown): ErrorCode | undefined {
  if (typeof err !== "object" || err === null) return undefined;
  if ("code" in err && isErrorCode(err.code)) return err.code;
  if (!("name" in err)) return undefined;
  if (err.name === "AbortError") return "CANCELED";
  return err.name === "TimeoutError" ? "DEADLINE_EXCEEDED" : undefined;
}

/** Whether `err`, or anything in its chain of causes, is of class `code`. */
export function hasCode(err: unknown, code: ErrorCode): boolean {
  for (const e of causesOf(err)) if (ownCode(e) === code) return true;
  return false;
}

/**
 * The class of `err`: that of the outermost error in the chain which has one other than `UNKNOWN`.
 *
 * An `AbortError` counts as `CANCELED` and a `TimeoutError` as `DEADLINE_EXCEEDED`; anything else is `UNKNOWN`.
 */
export function codeOf(err: unknown): ErrorCode {
  for (const e of causesOf(err)) {
    const code = ownCode(e);
    if (code !== undefined && code !== "UNKNOWN") return code;
  }
  return "UNKNOWN";
}

/** The text of any thrown value, on one line, without the causes. */
export function messageOf(err: unknown): string {
  const text = err instanceof Error ? err.message || err.name : String(err);
  return text.replace(/\s*\n\s*/g, " ").trim();
}

/** The whole chain on one line: each cause that the text before it does not tell already is appended after a colon. */
export function errorLine(err: unknown): string {
  let line = "";
  for (const e of causesOf(err)) {
    const text = messageOf(e);
    if (line === "") line = text;
    else if (text !== "" && !line.includes(text)) line += `: ${text}`;
  }
  return line;
}

/**
 * Puts one clause in front of `err` and keeps its class and details: "cannot start task web: <what err says>".
 *
 * @param clause What could not be done, e.g. `cannot start task web`.
 */
export function addClause(clause: string, err: unknown): RtError {
  const details = err instanceof RtError ? err.details : undefined;
  return new RtError(codeOf(err), `${clause}: ${messageOf(err)}`, {
    cause: err,
    ...(details === undefined ? {} : { details }),
  });
}

/** The class that a system call's error name stands for (`ENOENT` → `NOT_FOUND`); `UNKNOWN` for the rest. */
export function codeOfErrno(name: string): ErrorCode {
  switch (name) {
    case "ENOENT":
    case "ESRCH":
    case "ENXIO":
      return "NOT_FOUND";
    case "EEXIST":
      return "ALREADY_EXISTS";
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return "PERMISSION_DENIED";
    case "EINVAL":
    case "ENAMETOOLONG":
    case "ELOOP":
    case "ENOTDIR":
    case "EISDIR":
      return "INVALID_ARGUMENT";
    case "EBUSY":
    case "ENOTEMPTY":
      return "FAILED_PRECONDITION";
    case "ENOMEM":
    case "ENOSPC":
    case "EDQUOT":
    case "EMFILE":
    case "ENFILE":
      return "RESOURCE_EXHAUSTED";
    case "ENOSYS":
    case "EOPNOTSUPP":
    case "ENOTSUP":
      return "NOT_IMPLEMENTED";
    case "ETIMEDOUT":
      return "DEADLINE_EXCEEDED";
    case "ECONNREFUSED":
    case "ECONNRESET":
    case "EPIPE":
    case "EAGAIN":
      return "UNAVAILABLE";
    case "EINTR":
    case "ECANCELED":
      return "CANCELED";
    case "ERANGE":
    case "EOVERFLOW":
      return "OUT_OF_RANGE";
    case "EIO":
      return "DATA_LOSS";
    default:
      return "UNKNOWN";
  }
}
