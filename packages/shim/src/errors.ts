/**
 * The `./errors` door of @rt/shim: every error class this layer throws.
 *
 * @module
 */
import { type ErrorCode, RtError, type RtErrorOptions } from "@rt/runc/oci";

/** An error that the other side of a ttrpc connection answered; its text is the peer's own. */
export class RemoteError extends RtError {
  override name: string = "RemoteError";
  /** The typed details of the status, undecoded. */
  readonly statusDetails: readonly { readonly typeUrl: string; readonly value: Uint8Array }[];

  /** Makes the error for a status of class `code`. */
  constructor(
    code: ErrorCode,
    message: string,
    statusDetails: readonly { readonly typeUrl: string; readonly value: Uint8Array }[] = [],
    options?: RtErrorOptions,
  ) {
    super(code, message, options);
    this.statusDetails = statusDetails;
  }
}

/** The ttrpc connection is gone. Text as in containerd/ttrpc `errors.go` ErrClosed. */
export class ConnectionClosedError extends RtError {
  override name: string = "ConnectionClosedError";

  /** Makes the error; `cause` is what ended the connection, if not its orderly end. */
  constructor(cause?: unknown) {
    super("UNAVAILABLE", "ttrpc: closed", cause === undefined ? {} : { cause });
  }
}

/** A message that is too long for a ttrpc frame. Text as in containerd/ttrpc `errors.go` OversizedMessageErr. */
export class OversizedMessageError extends RtError {
  override name: string = "OversizedMessageError";
  /** Length of the message. */
  readonly lengthBytes: number;

  /** Makes the error for a message of `lengthBytes`. */
  constructor(lengthBytes: number, maximumBytes: number) {
    super(
      "RESOURCE_EXHAUSTED",
      `message length ${lengthBytes} exceed maximum message size of ${maximumBytes}`,
    );
    this.lengthBytes = lengthBytes;
  }
}

/** Something that does not follow the ttrpc protocol. */
export class ProtocolError extends RtError {
  override name: string = "ProtocolError";

  /** Makes the error "protocol error: <reason>". */
  constructor(reason: string, options?: RtErrorOptions) {
    super("INTERNAL", `protocol error: ${reason}`, options);
  }
}

/** A shim's program that failed. Text as in containerd core/runtime/v2/binary.go: what it wrote, then its status. */
export class ShimStartError extends RtError {
  override name: string = "ShimStartError";
  /** Exit status of the program. */
  readonly exitCode: number;

  /** Makes the error for `action` (start or delete) of shim `id` which wrote `output`. */
  constructor(action: string, id: string, output: string, exitCode: number) {
    super(
      "UNKNOWN",
      `cannot ${action} shim ${id}: ${output === "" ? "" : `${output}: `}exit status ${exitCode}`,
    );
    this.exitCode = exitCode;
  }
}
