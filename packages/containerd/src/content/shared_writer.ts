/**
 * A writer for bytes that another namespace has: nothing needs to be sent, committing records the blob.
 *
 * Its offset is the blob's size from the start, so that clients which resume send nothing; one that starts over anyway
 * has its bytes verified and dropped.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { CommitRequest, ContentWriter } from "../api/content.ts";
import { FailedPreconditionError } from "../errors.ts";

/** The blob that is there. */
export interface SharedBlob {
  readonly ref: string;
  readonly expected: string;
  /** Bytes. */
  readonly size: number;
}

/** What the writer needs of its store. */
export interface SharedWriterStore {
  /** Gives the namespace the blob. */
  record(labels: CommitRequest["labels"]): void;
  /** Frees the ref. */
  release(): void;
}

/** Opens the writer. */
export function sharedWriter(blob: SharedBlob, store: SharedWriterStore): ContentWriter {
  const startedAt = new Date();
  let offset = blob.size;
  let hash: ReturnType<typeof createHash> | undefined;
  let closed = false;
  const opened = (verb: string): void => {
    if (closed) throw new FailedPreconditionError(`cannot ${verb} on closed writer`);
  };
  const close = (): void => {
    if (!closed) store.release();
    closed = true;
  };
  return {
    ref: blob.ref,
    async status() {
      return {
        ref: blob.ref,
        offset,
        total: blob.size,
        expected: blob.expected,
        startedAt,
        updatedAt: startedAt,
      };
    },
    async write(chunk) {
      opened("write");
      hash?.update(chunk);
      offset += chunk.length;
    },
    async truncate() {
      opened("truncate");
      hash = createHash("sha256");
      offset = 0;
    },
    async commit(request = {}) {
      opened("commit");
      try {
        if (
          offset !== blob.size ||
          (request.size !== undefined && request.size > 0 && request.size !== offset)
        ) {
          throw new FailedPreconditionError(
            `unexpected commit size ${offset}, expected ${request.size || blob.size}`,
          );
        }
        const digest = hash === undefined ? blob.expected : `sha256:${hash.digest("hex")}`;
        const expected = request.expected || blob.expected;
        if (digest !== expected || digest !== blob.expected) {
          throw new FailedPreconditionError(`unexpected commit digest ${digest}, expected ${expected}`);
        }
        store.record(request.labels);
        return { digest, size: offset };
      } finally {
        close();
      }
    },
    async [Symbol.asyncDispose]() {
      close();
    },
  };
}
