/**
 * The error of a seccomp section that cannot be compiled.
 *
 * @module
 */
import { RtError } from "@rt/oci-spec/errors";

/** `linux.seccomp` is not valid, or cannot be expressed as a filter. */
export class SeccompProfileError extends RtError {
  override name = "SeccompProfileError";

  /** Makes the error; `reason` says what is wrong, with the value. */
  constructor(reason: string) {
    super("INVALID_ARGUMENT", `cannot compile seccomp profile: ${reason}`);
  }
}
