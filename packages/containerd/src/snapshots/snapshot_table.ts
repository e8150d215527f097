/**
 * One snapshotter's metadata: which snapshots there are, in SQLite beside their directories.
 *
 * The id of a row names its directory and is never used again, so a directory without a row is garbage and a row
 * without a directory is a snapshot that was lost. Keys belong to a namespace.
 *
 * @module
 */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Labels } from "../api/call.ts";
import type { SnapshotInfo, SnapshotKind, SnapshotUsage } from "../api/snapshots.ts";
import { RtError } from "../oci.ts";

/** A snapshot's row. */
export interface SnapshotRow extends SnapshotInfo {
  /** Names the directory. */
  readonly id: number;
  readonly namespace: string;
  readonly parentId: number | undefined;
  /** False while the directory is being made. */
  readonly ready: boolean;
  /** Of committed snapshots. */
  readonly usage: SnapshotUsage;
}

const VERSION = 1;
const SCHEMA = `
CREATE TABLE snapshots (
  id INTEGER PRIMARY KEY AUTOINCREMENT, namespace TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
  parent INTEGER REFERENCES snapshots (id), ready INTEGER NOT NULL, labels TEXT NOT NULL,
  size INTEGER NOT NULL DEFAULT 0, inodes INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, UNIQUE (namespace, name)
);
CREATE INDEX snapshots_by_parent ON snapshots (parent) WHERE parent IS NOT NULL;
`;
const SELECT = `SELECT s.*, p.name AS parent_name FROM snapshots s LEFT JOIN snapshots p ON p.id = s.parent`;

/** The open database. */
export class SnapshotTable implements Disposable {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #inTransaction = false;

  /** Opens or creates the file; `:memory:` keeps nothing. */
  constructor(path: string) {
    if (path !== ":memory:") mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.#db = new DatabaseSync(path);
    this.#db.exec(
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; PRAGMA busy_timeout=5000",
    );
    const version = Number(this.#get("PRAGMA user_version")?.user_version);
    if (version > VERSION) {
      throw new RtError(
        "FAILED_PRECONDITION",
        `cannot open ${path}: schema ${version} is newer than ${VERSION}`,
      );
    }
    if (version < VERSION) this.transaction(() => this.#db.exec(`${SCHEMA}PRAGMA user_version=${VERSION}`));
  }

  /** Runs `work`, which must be synchronous, as one transaction; if it throws, nothing has changed. */
  transaction<T>(work: () => T): T {
    if (this.#inTransaction) return work();
    this.#db.exec("BEGIN IMMEDIATE");
    this.#inTransaction = true;
    try {
      const result = work();
      this.#db.exec("COMMIT");
      return result;
    } catch (err) {
      this.#db.exec("ROLLBACK");
      throw err;
    } finally {
      this.#inTransaction = false;
    }
  }

  /** The snapshot of this name, also while it is being made. */
  find(namespace: string, name: string): SnapshotRow | undefined {
    const row = this.#get(`${SELECT} WHERE s.namespace = ? AND s.name = ?`, namespace, name);
    return row && fromRow(row);
  }

  /** The ids of a snapshot's parents, nearest first. */
  parents(row: Pick<SnapshotRow, "parentId">): number[] {
    const out: number[] = [];
    for (let id = row.parentId; id !== undefined; ) {
      out.push(id);
      const next = this.#get("SELECT parent FROM snapshots WHERE id = ?", id)?.parent;
      id = next === null || next === undefined ? undefined : Number(next);
    }
    return out;
  }

  hasChildren(id: number): boolean {
    return this.#get("SELECT 1 AS one FROM snapshots WHERE parent = ? LIMIT 1", id) !== undefined;
  }

  /** Whether the namespace has a snapshot. */
  has(namespace: string): boolean {
    return this.#get("SELECT 1 AS one FROM snapshots WHERE namespace = ? LIMIT 1", namespace) !== undefined;
  }

  /** All snapshots, of one namespace or of all, by name. */
  all(namespace?: string): SnapshotRow[] {
    const rows =
      namespace === undefined
        ? this.#statement(`${SELECT} ORDER BY s.namespace, s.name`).all()
        : this.#statement(`${SELECT} WHERE s.namespace = ? ORDER BY s.name`).all(namespace);
    return (rows as Columns[]).map(fromRow);
  }

  /** Adds a snapshot that is being made; returns its id. */
  insert(
    namespace: string,
    name: string,
    kind: SnapshotKind,
    parentId: number | undefined,
    labels: Labels,
  ): number {
    const now = Date.now();
    const result = this.#statement(
      "INSERT INTO snapshots (namespace, name, kind, parent, ready, labels, created_at, updated_at) VALUES (?, ?, ?, ?, 0, ?, ?, ?)",
    ).run(namespace, name, kind, parentId ?? null, JSON.stringify(labels), now, now);
    return Number(result.lastInsertRowid);
  }

  /** Marks a snapshot as made. */
  ready(id: number): void {
    this.#statement("UPDATE snapshots SET ready = 1 WHERE id = ?").run(id);
  }

  /** Renames an active snapshot into a committed one. */
  commit(id: number, name: string, labels: Labels, usage: SnapshotUsage): void {
    const now = Date.now();
    this.#statement(
      "UPDATE snapshots SET name = ?, kind = 'committed', labels = ?, size = ?, inodes = ?, created_at = ?, updated_at = ? WHERE id = ?",
    ).run(name, JSON.stringify(labels), usage.size, usage.inodes, now, now, id);
  }

  setLabels(id: number, labels: Labels): void {
    this.#statement("UPDATE snapshots SET labels = ?, updated_at = ? WHERE id = ?").run(
      JSON.stringify(labels),
      Date.now(),
      id,
    );
  }

  delete(id: number): void {
    this.#statement("DELETE FROM snapshots WHERE id = ?").run(id);
  }

  [Symbol.dispose](): void {
    this.#statements.clear();
    this.#db.close();
  }

  #get(sql: string, ...values: (string | number)[]): Columns | undefined {
    return this.#statement(sql).get(...values) as Columns | undefined;
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

type Columns = Record<string, string | number | bigint | null>;

function fromRow(row: Columns): SnapshotRow {
  return {
    id: Number(row.id),
    namespace: String(row.namespace),
    name: String(row.name),
    parent: row.parent_name === null ? "" : String(row.parent_name),
    parentId: row.parent === null ? undefined : Number(row.parent),
    kind: row.kind as SnapshotKind,
    ready: Number(row.ready) === 1,
    labels: JSON.parse(String(row.labels)) as Labels,
    usage: { size: Number(row.size), inodes: Number(row.inodes) },
    createdAt: new Date(Number(row.created_at)),
    updatedAt: new Date(Number(row.updated_at)),
  };
}
