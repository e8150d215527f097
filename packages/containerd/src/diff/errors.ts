/**
 * Errors of reading, applying and writing layers.
 *
 * @module
 */
import { RtError, type RtErrorOptions } from "../oci.ts";

/** An archive that is damaged, hostile, or breaks a bound. */
export class ArchiveError extends RtError {
  override name = "ArchiveError";

  constructor(reason: string, options?: RtErrorOptions) {
    super("INVALID_ARGUMENT", `invalid archive: ${reason}`, options);
  }
}

/** An entry of a layer that could not be made on disk. */
export class LayerEntryError extends RtError {
  override name = "LayerEntryError";
  /** Name of the entry in the archive. */
  readonly entry: string;

  constructor(entry: string, reason: string, options?: RtErrorOptions & { readonly code?: RtError["code"] }) {
    super(options?.code ?? "INVALID_ARGUMENT", `cannot unpack ${JSON.stringify(entry)}: ${reason}`, options);
    this.entry = entry;
  }
}
