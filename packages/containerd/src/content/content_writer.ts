/**
 * A writer of one ingest: appends to its file, hashes on the way, and makes a blob of it.
 *
 * Source: containerd plugins/content/local/writer.go (rules and texts).
 *
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import type { CommitRequest, ContentWriter, IngestStatus } from "../api/content.ts";
import { FailedPreconditionError, RtError } from "../errors.ts";

/** What a writer needs of its store. */
export interface WriterStore {
  /** Makes the synced, closed data the blob `digest` of the writer's namespace, and forgets the ingest. */
  promote(digest: string, size: number, labels: CommitRequest["labels"]): Promise<void>;
  /** Frees the ref. */
  release(): void;
}

/** What an ingest is, as far as it does not change. */
export interface IngestIdentity {
  readonly ref: string;
  readonly total: number;
  readonly expected: string;
  readonly startedAt: Date;
}

/** Bytes per piece when the start of a resumed ingest is hashed. */
const pieceBytes = 1024 * 1024;

/** Opens a writer on `file`; bytes that are there already are kept and hashed. */
export async function openFileWriter(
  file: FileHandle,
  identity: IngestIdentity,
  store: WriterStore,
): Promise<ContentWriter> {
  const hash = createHash("sha256");
  let offset = 0;
  const buffer = new Uint8Array(pieceBytes);
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
    if (bytesRead === 0) return new FileWriter(file, identity, store, hash, offset);
    hash.update(buffer.subarray(0, bytesRead));
    offset += bytesRead;
  }
}

class FileWriter implements ContentWriter {
  readonly ref: string;
  readonly #identity: IngestIdentity;
  readonly #store: WriterStore;
  #file: FileHandle | undefined;
  #hash: Hash;
  #offset: number;
  #updatedAt = new Date();

  constructor(file: FileHandle, identity: IngestIdentity, store: WriterStore, hash: Hash, offset: number) {
    this.ref = identity.ref;
    this.#file = file;
    this.#identity = identity;
    this.#store = store;
    this.#hash = hash;
    this.#offset = offset;
  }

  async status(): Promise<IngestStatus> {
    return { ...this.#identity, offset: this.#offset, updatedAt: this.#updatedAt };
  }

  async write(chunk: Uint8Array): Promise<void> {
    const file = this.#opened("write");
    for (let at = 0; at < chunk.length; ) {
      const { bytesWritten } = await file.write(chunk, at, chunk.length - at, this.#offset);
      this.#hash.update(chunk.subarray(at, at + bytesWritten));
      this.#offset += bytesWritten;
      at += bytesWritten;
    }
    this.#updatedAt = new Date();
  }

  async truncate(offset: number): Promise<void> {
    if (offset !== 0)
      throw new RtError("OUT_OF_RANGE", `cannot truncate ${this.ref} to ${offset}: only to 0`);
    await this.#opened("truncate").truncate(0);
    this.#hash = createHash("sha256");
    this.#offset = 0;
  }

  async commit(request: CommitRequest = {}): Promise<{ digest: string; size: number }> {
    const file = this.#opened("commit");
    this.#file = undefined;
    const size = this.#offset;
    try {
      await closeSynced(file);
      if (request.size !== undefined && request.size > 0 && request.size !== size) {
        throw new FailedPreconditionError(`unexpected commit size ${size}, expected ${request.size}`);
      }
      const digest = `sha256:${this.#hash.digest("hex")}`;
      const expected = request.expected || this.#identity.expected;
      if (expected !== "" && expected !== digest) {
        throw new FailedPreconditionError(`unexpected commit digest ${digest}, expected ${expected}`);
      }
      await this.#store.promote(digest, size, request.labels);
      return { digest, size };
    } finally {
      this.#store.release();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    try {
      await file.close();
    } finally {
      this.#store.release();
    }
  }

  #opened(verb: string): FileHandle {
    if (this.#file === undefined) throw new FailedPreconditionError(`cannot ${verb} on closed writer`);
    return this.#file;
  }
}

async function closeSynced(file: FileHandle): Promise<void> {
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
