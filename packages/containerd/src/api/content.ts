/**
 * Content: blobs by digest, and the ingests that become blobs.
 *
 * Source: containerd api/services/content/v1, core/content/content.go.
 *
 * @module
 */
import type { Call, Labels } from "./call.ts";

/** A blob that is complete. */
export interface ContentInfo {
  /** `sha256:<hex>`. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly labels: Labels;
}

/** How far an ingest is. */
export interface IngestStatus {
  /** Key chosen by the writer; one writer at a time holds it. */
  readonly ref: string;
  /** Bytes that are written. */
  readonly offset: number;
  /** Bytes expected in all; 0 if unknown. */
  readonly total: number;
  /** Digest expected; empty if unknown. */
  readonly expected: string;
  readonly startedAt: Date;
  readonly updatedAt: Date;
}

/** What a writer intends to write. */
export interface WriterRequest {
  readonly ref: string;
  /** Bytes in all, if known. */
  readonly total?: number;
  /** Digest of the result, if known. */
  readonly expected?: string;
}

/** How to finish an ingest. */
export interface CommitRequest {
  /** Bytes the blob must have; not checked if absent or 0. */
  readonly size?: number;
  /** Digest the blob must have; not checked if absent. */
  readonly expected?: string;
  /** Labels set on the blob. */
  readonly labels?: Labels;
}

/** An open ingest. Disposing it frees the ref and keeps the bytes, so that a later writer resumes. */
export interface ContentWriter extends AsyncDisposable {
  readonly ref: string;
  /** How far the ingest is; `offset` > 0 right after opening means that earlier bytes can be kept. */
  status(): Promise<IngestStatus>;
  /** Appends; resolves when the store took the bytes, so that awaiting it bounds memory. */
  write(chunk: Uint8Array): Promise<void>;
  /** Starts over: drops all bytes. @throws `OUT_OF_RANGE` unless `offset` is 0. */
  truncate(offset: number): Promise<void>;
  /**
   * Verifies, makes the blob durable and visible, and closes the writer.
   *
   * @throws `ALREADY_EXISTS` if the blob is there (the ingest is gone then, the blob can be used);
   * `FAILED_PRECONDITION` if size or digest differ.
   */
  commit(request?: CommitRequest): Promise<{ readonly digest: string; readonly size: number }>;
}

/** Part of a blob. */
export interface ReadRange {
  /** First byte. @default {0} */
  readonly offset?: number;
  /** Bytes to read at most; 0 or absent reads to the end. */
  readonly size?: number;
}

/** Content store. */
export interface Content {
  /** @throws `NOT_FOUND`. */
  info(digest: string, call: Call): Promise<ContentInfo>;
  /** Changes the labels named by `fieldPaths` (`labels` or `labels.<key>`; all if absent). @throws `NOT_FOUND`. */
  update(
    info: { readonly digest: string; readonly labels: Labels },
    fieldPaths: readonly string[] | undefined,
    call: Call,
  ): Promise<ContentInfo>;
  list(filters: readonly string[], call: Call): AsyncIterable<ContentInfo>;
  /** @throws `NOT_FOUND`. */
  delete(digest: string, call: Call): Promise<void>;
  /** Streams the bytes in pieces of at most 1 MiB. @throws `NOT_FOUND`; `OUT_OF_RANGE` for an offset past the end. */
  read(digest: string, range: ReadRange, call: Call): AsyncIterable<Uint8Array>;
  /** @throws `NOT_FOUND`. */
  status(ref: string, call: Call): Promise<IngestStatus>;
  statuses(filters: readonly string[], call: Call): Promise<readonly IngestStatus[]>;
  /**
   * Opens the ingest `ref`, new or left behind.
   *
   * @throws `ALREADY_EXISTS` if `expected` is a blob that is there; `UNAVAILABLE` while another writer holds `ref`.
   */
  writer(request: WriterRequest, call: Call): Promise<ContentWriter>;
  /** Forgets the ingest. @throws `NOT_FOUND`. */
  abort(ref: string, call: Call): Promise<void>;
}
