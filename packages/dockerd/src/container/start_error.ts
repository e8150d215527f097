/**
 * Errors of a start, with the exit code that Docker gives them.
 *
 * The docker CLI looks for "permission denied" and "executable file not found" in the text to choose 126 or 127.
 * Source: moby `daemon/errors.go` setExitCodeFromError.
 *
 * @module
 */
import { errorLine, InvalidParameterError, RtError } from "../errors.ts";

/** What a failed start means. */
export interface StartFailure {
  readonly exitCode: 126 | 127 | 128;
  readonly error: RtError;
}

const NOT_FOUND = [
  "executable file not found",
  "no such file or directory",
  "system cannot find the file specified",
  "failed to run runc create/exec call",
];

/**
 * The exit code and the error to tell for what the layers below threw.
 *
 * @param fromRuntime Whether the runtime had been asked already: only its texts tell what the command is.
 */
export function startFailure(err: unknown, fromRuntime: boolean = true): StartFailure {
  if (!fromRuntime)
    return {
      exitCode: 128,
      error: err instanceof RtError ? err : new RtError("UNKNOWN", errorLine(err), { cause: err }),
    };
  const text = err instanceof RtError ? err.message : errorLine(err);
  const lower = text.toLowerCase();
  const invalid = (exitCode: 126 | 127, message: string): StartFailure => ({
    exitCode,
    error: new InvalidParameterError(message, { cause: err }),
  });
  if (lower.includes("permission denied")) return invalid(126, text);
  if (lower.includes("is a directory")) return invalid(126, `${text}: permission denied`);
  if (lower.includes("not a directory")) {
    return invalid(
      127,
      `${text}: Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type`,
    );
  }
  if (NOT_FOUND.some((words) => lower.includes(words))) return invalid(127, text);
  return {
    exitCode: 128,
    error: err instanceof RtError ? err : new RtError("UNKNOWN", text, { cause: err }),
  };
}
