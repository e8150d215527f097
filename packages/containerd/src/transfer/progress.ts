/**
 * Progress of a transfer, told descriptor by descriptor.
 *
 * @module
 */
import type { Descriptor } from "../oci.ts";

/** Where a descriptor is on its way. */
export type TransferStatus =
  | "resolving"
  | "resolved"
  | "waiting"
  | "downloading"
  | "verifying"
  | "downloaded"
  | "extracting"
  | "uploading"
  | "mounted"
  | "complete"
  | "exists";

/** One report. */
export interface TransferProgress {
  readonly status: TransferStatus;
  /** What it is about; absent while the reference is being resolved. */
  readonly descriptor?: Descriptor;
  /** The manifest that `descriptor` belongs to, for layers and configs. */
  readonly parent?: Descriptor;
  /** Bytes done in this status. */
  readonly offset: number;
  /** Bytes in all; 0 if unknown. */
  readonly total: number;
  /** For `mounted`: the repository that the blob was mounted from. */
  readonly from?: string;
}

/** Takes reports; called often, so it has to be quick. */
export type ProgressListener = (progress: TransferProgress) => void;
