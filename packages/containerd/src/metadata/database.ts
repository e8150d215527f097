/**
 * The metadata database: SQLite in WAL mode, one connection, synchronous.
 *
 * Every change is one transaction that runs without giving way to another call, so a reader never sees half of it, and
 * `kill -9` at any point leaves either all of it or nothing. (What a power cut may take is the last transactions, never
 * their order: `synchronous=NORMAL`.)
 *
 * The file is locked for as long as it is open, so that two daemons cannot share a root.
 *
 * Times are milliseconds since the epoch, labels and annotations JSON objects.
 *
 * @module
 */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";

/** A row by column. */
export type Row = Record<string, string | number | bigint | Uint8Array | null>;

const schemaVersion = 1;

const schema = `
CREATE TABLE namespaces (name TEXT PRIMARY KEY, labels TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE containers (
  namespace TEXT NOT NULL, id TEXT NOT NULL, labels TEXT NOT NULL, image TEXT NOT NULL,
  runtime TEXT NOT NULL, runtime_options_type TEXT, runtime_options BLOB, spec_type TEXT, spec BLOB,
  snapshotter TEXT NOT NULL, snapshot_key TEXT NOT NULL, extensions TEXT NOT NULL, sandbox TEXT NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, PRIMARY KEY (namespace, id)
) WITHOUT ROWID;
CREATE TABLE images (
  namespace TEXT NOT NULL, name TEXT NOT NULL, labels TEXT NOT NULL, media_type TEXT NOT NULL, digest TEXT NOT NULL,
  size INTEGER NOT NULL, annotations TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  PRIMARY KEY (namespace, name)
) WITHOUT ROWID;
CREATE TABLE blobs (
  namespace TEXT NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL, labels TEXT NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, PRIMARY KEY (namespace, digest)
) WITHOUT ROWID;
CREATE INDEX blobs_by_digest ON blobs (digest);
CREATE TABLE ingests (
  namespace TEXT NOT NULL, ref TEXT NOT NULL, id INTEGER NOT NULL UNIQUE, expected TEXT NOT NULL, total INTEGER NOT NULL,
  started_at INTEGER NOT NULL, expire_at INTEGER, PRIMARY KEY (namespace, ref)
) WITHOUT ROWID;
CREATE TABLE leases (
  namespace TEXT NOT NULL, id TEXT NOT NULL, labels TEXT NOT NULL, created_at INTEGER NOT NULL,
  PRIMARY KEY (namespace, id)
) WITHOUT ROWID;
CREATE TABLE lease_resources (
  namespace TEXT NOT NULL, lease TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL,
  PRIMARY KEY (namespace, lease, type, id),
  FOREIGN KEY (namespace, lease) REFERENCES leases (namespace, id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX lease_resources_by_resource ON lease_resources (namespace, type, id);
`;

/** The open metadata database. */
export class MetadataDatabase implements Disposable {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #depth = 0;

  /** Opens or creates the database file; `:memory:` keeps nothing. */
  constructor(path: string) {
    if (path !== ":memory:") mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.#db = new DatabaseSync(path);
    this.#db.exec(
      "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; PRAGMA busy_timeout=5000",
    );
    const version = Number(Object.values(this.#db.prepare("PRAGMA user_version").get() ?? {})[0]);
    if (version === schemaVersion) return;
    if (version !== 0)
      throw new Error(`cannot open metadata ${path}: schema ${version} is newer than ${schemaVersion}`);
    this.transaction(() => this.#db.exec(`${schema}PRAGMA user_version=${schemaVersion}`));
  }

  /** All rows of a query. */
  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }

  /** The first row of a query. */
  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined;
  }

  /** Runs a statement. @returns how many rows it changed. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  /** Runs `work`, which must be synchronous, as one transaction; if it throws nothing has changed. Calls may nest. */
  transaction<T>(work: () => T): T {
    if (this.#depth > 0) return work();
    this.#db.exec("BEGIN IMMEDIATE");
    this.#depth++;
    try {
      const result = work();
      this.#db.exec("COMMIT");
      return result;
    } catch (err) {
      this.#db.exec("ROLLBACK");
      throw err;
    } finally {
      this.#depth--;
    }
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#statements.clear();
    this.#db.close();
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
