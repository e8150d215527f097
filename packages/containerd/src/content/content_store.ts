/**
 * Content: blobs and ingests of namespaces over shared bytes.
 *
 * A blob's bytes are kept once; a namespace that lacks a blob which another has gets it by naming its digest, without
 * sending it (containerd's sharing policy `shared`). Order of a commit: data synced, renamed, directory synced, then
 * the record; so a record never names bytes that are not there.
 * Source: containerd core/metadata/content.go (rules and texts).
 *
 * @module
 */
import type { Call } from "../api/call.ts";
import type { Content, ContentInfo, ContentWriter, IngestStatus, WriterRequest } from "../api/content.ts";
import {
  AlreadyExistsError,
  InvalidArgumentError,
  NotFoundError,
  RtError,
  UnavailableError,
} from "../errors.ts";
import type { Row } from "../metadata/database.ts";
import { type FieldReader, parseFilters, readMap } from "../metadata/filter.ts";
import { validateNamespace } from "../metadata/identifier.ts";
import { decodeLabels, encodeLabels, updatedLabels, validateLabels } from "../metadata/labels.ts";
import { addToLease, enterNamespace, type Metadata, removeFromLease } from "../metadata/metadata.ts";
import { openFileWriter } from "./content_writer.ts";
import { digestHex, type LocalContent } from "./local.ts";
import { sharedWriter } from "./shared_writer.ts";

/** How long an ingest without a lease is kept. Milliseconds. */
const ingestLifeMs = 24 * 3600 * 1000;

const columns = "digest, size, labels, created_at, updated_at";

/** Fields of a blob that filters see. */
function fields(info: ContentInfo): FieldReader {
  return ([field, ...rest]) => {
    switch (field) {
      case "digest":
        return info.digest;
      case "size":
        return String(info.size);
      case "labels":
        return readMap(info.labels, rest);
      default:
        return undefined;
    }
  };
}

const fromRow = (row: Row): ContentInfo => ({
  digest: String(row.digest),
  size: Number(row.size),
  labels: decodeLabels(row.labels),
  createdAt: new Date(Number(row.created_at)),
  updatedAt: new Date(Number(row.updated_at)),
});

/** Content of `metadata` with bytes in `files`. */
export class ContentStore implements Content {
  readonly #metadata: Metadata;
  readonly #files: LocalContent;
  /** Refs that a writer holds, by namespace and ref. */
  readonly #locks = new Map<string, Date>();
  /** Writers that are open, for their status. */
  readonly #writers = new Map<string, ContentWriter>();
  /** Digests that commits are about to record: their files must not go. */
  readonly #pinned = new Map<string, number>();

  /** Joins the parts; nothing is opened. */
  constructor(metadata: Metadata, files: LocalContent) {
    this.#metadata = metadata;
    this.#files = files;
  }

  async info(digest: string, call: Call): Promise<ContentInfo> {
    return this.#find(validateNamespace(call.namespace), digest);
  }

  async update(
    info: { readonly digest: string; readonly labels: Record<string, string> },
    fieldPaths: readonly string[] | undefined,
    call: Call,
  ): Promise<ContentInfo> {
    const { db } = this.#metadata;
    const namespace = validateNamespace(call.namespace);
    return db.transaction(() => {
      const current = this.#find(namespace, info.digest);
      const what = `content info ${JSON.stringify(info.digest)}`;
      const labels = updatedLabels(current.labels, info.labels, fieldPaths, what);
      validateLabels(labels, "info.Labels");
      const sql = "UPDATE blobs SET labels=?, updated_at=? WHERE namespace=? AND digest=?";
      db.run(sql, encodeLabels(labels), Date.now(), namespace, info.digest);
      return this.#find(namespace, info.digest);
    });
  }

  async *list(filters: readonly string[], call: Call): AsyncGenerator<ContentInfo, void> {
    const matches = parseFilters(filters);
    const namespace = validateNamespace(call.namespace);
    const rows = this.#metadata.db.all(
      `SELECT ${columns} FROM blobs WHERE namespace=? ORDER BY digest`,
      namespace,
    );
    for (const row of rows) {
      const info = fromRow(row);
      if (matches(fields(info))) yield info;
    }
  }

  async delete(digest: string, call: Call): Promise<void> {
    const { db, changed, publish } = this.#metadata;
    const namespace = validateNamespace(call.namespace);
    db.transaction(() => {
      this.#find(namespace, digest);
      db.run("DELETE FROM blobs WHERE namespace=? AND digest=?", namespace, digest);
      removeFromLease(db, call, "content", digest);
    });
    this.releaseBytes(digest);
    changed();
    publish(namespace, { topic: "/content/delete", digest });
  }

  async *read(
    digest: string,
    range: { readonly offset?: number; readonly size?: number },
    call: Call,
  ): AsyncGenerator<Uint8Array, void> {
    const { size: total } = this.#find(validateNamespace(call.namespace), digest);
    const offset = Math.max(range.offset ?? 0, 0);
    if (offset > total) throw new RtError("OUT_OF_RANGE", `read past object length ${total} bytes`);
    const size = Math.min(range.size || total, total - offset);
    for await (const piece of this.#files.read(digest, offset, size)) {
      call.signal?.throwIfAborted();
      yield piece;
    }
  }

  async status(ref: string, call: Call): Promise<IngestStatus> {
    const namespace = validateNamespace(call.namespace);
    const row = this.#metadata.db.get("SELECT * FROM ingests WHERE namespace=? AND ref=?", namespace, ref);
    if (row === undefined) throw new NotFoundError(`reference ${ref}`);
    return this.#ingestStatus(row);
  }

  async statuses(filters: readonly string[], call: Call): Promise<readonly IngestStatus[]> {
    const matches = parseFilters(filters);
    const namespace = validateNamespace(call.namespace);
    const rows = this.#metadata.db.all("SELECT * FROM ingests WHERE namespace=? ORDER BY ref", namespace);
    const wanted = rows.filter((row) =>
      matches(([field]) => (field === "ref" ? String(row.ref) : undefined)),
    );
    return Promise.all(wanted.map((row) => this.#ingestStatus(row)));
  }

  async writer(request: WriterRequest, call: Call): Promise<ContentWriter> {
    const namespace = validateNamespace(call.namespace);
    const { ref, expected = "" } = request;
    if (ref === "") throw new InvalidArgumentError("ref must not be empty");
    if (expected !== "") digestHex(expected);
    const key = `${namespace}/${ref}`;
    const since = this.#locks.get(key);
    if (since !== undefined) {
      const held = `${((Date.now() - since.getTime()) / 1000).toFixed(3)}s (since ${since.toISOString()})`;
      throw new UnavailableError(`ref ${key} locked for ${held}`);
    }
    if (expected !== "" && this.#has(namespace, expected)) {
      this.#metadata.db.transaction(() => addToLease(this.#metadata.db, call, "content", expected));
      throw new AlreadyExistsError(`content ${expected}`);
    }
    this.#locks.set(key, new Date());
    try {
      return await this.#open(key, request, call);
    } catch (err) {
      this.#locks.delete(key);
      throw err;
    }
  }

  async abort(ref: string, call: Call): Promise<void> {
    const { db } = this.#metadata;
    const namespace = validateNamespace(call.namespace);
    const row = db.get("SELECT id FROM ingests WHERE namespace=? AND ref=?", namespace, ref);
    if (row === undefined) throw new NotFoundError(`reference ${ref}`);
    await this.#writers.get(`${namespace}/${ref}`)?.[Symbol.asyncDispose]();
    db.transaction(() => {
      db.run("DELETE FROM ingests WHERE namespace=? AND ref=?", namespace, ref);
      removeFromLease(db, call, "ingests", ref);
    });
    await this.#files.removeIngest(Number(row.id));
  }

  /** Removes the bytes of a digest that no namespace has any more and no commit is about to record. */
  releaseBytes(digest: string): void {
    if ((this.#pinned.get(digest) ?? 0) > 0) return;
    if (this.#metadata.db.get("SELECT 1 FROM blobs WHERE digest=? LIMIT 1", digest) === undefined) {
      this.#files.removeBlob(digest);
    }
  }

  /** Removes the files of an ingest that has no record any more. */
  async releaseIngest(id: number): Promise<void> {
    await this.#files.removeIngest(id);
  }

  /** Whether a writer has this ingest open. */
  isOpen(namespace: string, ref: string): boolean {
    return this.#locks.has(`${namespace}/${ref}`);
  }

  /** Prepares the files; to be called once, before any other call. */
  async start(): Promise<void> {
    const { db } = this.#metadata;
    const blobs = db.all("SELECT DISTINCT digest FROM blobs").map((row) => String(row.digest));
    const ingests = db.all("SELECT id FROM ingests").map((row) => Number(row.id));
    await this.#files.open(new Set(blobs), new Set(ingests));
  }

  #find(namespace: string, digest: string): ContentInfo {
    const row = this.#metadata.db.get(
      `SELECT ${columns} FROM blobs WHERE namespace=? AND digest=?`,
      namespace,
      digest,
    );
    if (row === undefined) throw new NotFoundError(`content digest ${digest}`);
    return fromRow(row);
  }

  #has(namespace: string, digest: string): boolean {
    return (
      this.#metadata.db.get("SELECT 1 FROM blobs WHERE namespace=? AND digest=?", namespace, digest) !==
      undefined
    );
  }

  async #ingestStatus(row: Row): Promise<IngestStatus> {
    const open = this.#writers.get(`${row.namespace}/${row.ref}`);
    if (open !== undefined) return open.status();
    const file = await this.#files.statIngest(Number(row.id));
    const startedAt = new Date(Number(row.started_at));
    return {
      ref: String(row.ref),
      offset: file?.size ?? 0,
      total: Number(row.total),
      expected: String(row.expected),
      startedAt,
      updatedAt: file?.updatedAt ?? startedAt,
    };
  }

  async #open(key: string, request: WriterRequest, call: Call): Promise<ContentWriter> {
    const { ref, total = 0, expected = "" } = request;
    const release = (): void => {
      this.#locks.delete(key);
      this.#writers.delete(key);
    };
    const other =
      expected === ""
        ? undefined
        : this.#metadata.db.get("SELECT size FROM blobs WHERE digest=? LIMIT 1", expected);
    if (other !== undefined) {
      const size = Number(other.size);
      this.#pin(expected);
      return sharedWriter(
        { ref, expected, size },
        {
          release: () => {
            release();
            this.#unpin(expected);
          },
          record: (labels) => this.#record(expected, size, labels, call),
        },
      );
    }
    const { id, startedAt } = this.#recordIngest(request, call);
    const writer = await openFileWriter(
      await this.#files.openIngest(id),
      { ref, total, expected, startedAt },
      { release, promote: (digest, size, labels) => this.#promote(id, ref, digest, size, labels, call) },
    );
    this.#writers.set(key, writer);
    return writer;
  }

  /** Notes the ingest before it has a file. */
  #recordIngest(request: WriterRequest, call: Call): { id: number; startedAt: Date } {
    const { db } = this.#metadata;
    const { ref, total = 0, expected = "" } = request;
    return db.transaction(() => {
      const namespace = enterNamespace(db, call);
      addToLease(db, call, "ingests", ref);
      const now = Date.now();
      const known = db.get("SELECT id, started_at FROM ingests WHERE namespace=? AND ref=?", namespace, ref);
      if (known !== undefined) return { id: Number(known.id), startedAt: new Date(Number(known.started_at)) };
      const id = Number(db.get("SELECT COALESCE(MAX(id), 0) + 1 AS id FROM ingests")?.id);
      const sql =
        "INSERT INTO ingests (namespace, ref, id, expected, total, started_at, expire_at) VALUES (?, ?, ?, ?, ?, ?, ?)";
      db.run(sql, namespace, ref, id, expected, total, now, call.lease ? null : now + ingestLifeMs);
      return { id, startedAt: new Date(now) };
    });
  }

  async #promote(
    id: number,
    ref: string,
    digest: string,
    size: number,
    labels: Readonly<Record<string, string>> | undefined,
    call: Call,
  ): Promise<void> {
    const { db } = this.#metadata;
    this.#pin(digest);
    try {
      if (!this.#files.hasBlob(digest)) await this.#files.promote(id, digest);
      db.transaction(() => {
        db.run("DELETE FROM ingests WHERE namespace=? AND ref=?", call.namespace, ref);
        removeFromLease(db, call, "ingests", ref);
      });
      await this.#files.removeIngest(id);
      this.#record(digest, size, labels, call);
    } finally {
      this.#unpin(digest);
    }
  }

  /** Keeps the bytes of a digest until it is unpinned as often. */
  #pin(digest: string): void {
    this.#pinned.set(digest, (this.#pinned.get(digest) ?? 0) + 1);
  }

  #unpin(digest: string): void {
    const pins = (this.#pinned.get(digest) ?? 1) - 1;
    if (pins > 0) this.#pinned.set(digest, pins);
    else {
      this.#pinned.delete(digest);
      this.releaseBytes(digest);
    }
  }

  /** Gives the call's namespace a blob whose bytes are there. @throws `ALREADY_EXISTS`. */
  #record(digest: string, size: number, labels: Readonly<Record<string, string>> = {}, call: Call): void {
    const { db } = this.#metadata;
    validateLabels(labels, "info.Labels");
    const added = db.transaction(() => {
      const namespace = enterNamespace(db, call);
      addToLease(db, call, "content", digest);
      const now = Date.now();
      const sql =
        "INSERT OR IGNORE INTO blobs (namespace, digest, size, labels, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)";
      return db.run(sql, namespace, digest, size, encodeLabels(labels), now, now);
    });
    if (added === 0) throw new AlreadyExistsError(`content ${digest}`);
  }
}
