/**
 * Snapshotter: the snapshots of one layout, in a directory of its own.
 *
 * ```
 * <root>/metadata.db          which snapshots there are
 * <root>/snapshots/<id>/      one directory for each
 * <root>/snapshots/rm-<id>/   removed, to be deleted
 * ```
 * A change is true when its transaction is; directories follow from the rows. What a crash leaves (directories
 * without rows, snapshots half made) goes when the snapshotter is opened. Texts are those of containerd.
 * Source: containerd core/metadata/snapshot.go, core/snapshots/storage/bolt.go.
 *
 * @module
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Call, Labels } from "../api/call.ts";
import type { Mount } from "../api/mount.ts";
import type { SnapshotInfo, SnapshotUsage } from "../api/snapshots.ts";
import {
  AlreadyExistsError,
  FailedPreconditionError,
  InvalidArgumentError,
  NotFoundError,
} from "../errors.ts";
import { parseFilters, readMap } from "../metadata/filter.ts";
import { updatedLabels, validateLabels } from "../metadata/labels.ts";
import { noHooks, type SnapshotHooks, type SnapshotNode } from "../metadata/ports.ts";
import { type Logger, silentLogger } from "../oci.ts";
import { diskUsage } from "./disk_usage.ts";
import type { SnapshotLayout } from "./layout.ts";
import { type SnapshotRow, SnapshotTable } from "./snapshot_table.ts";

const TARGET_LABEL = "containerd.io/snapshot.ref";

/** What to prepare or view. */
export interface NewSnapshot {
  readonly key: string;
  readonly parent?: string;
  readonly labels?: Labels;
}

/** Options for {@linkcode Snapshotter}. */
export interface SnapshotterOptions {
  readonly hooks?: SnapshotHooks;
  readonly log?: Logger;
}

/** One snapshotter. */
export class Snapshotter implements AsyncDisposable {
  readonly name: string;
  readonly #layout: SnapshotLayout;
  readonly #dir: string;
  readonly #table: SnapshotTable;
  readonly #hooks: SnapshotHooks;
  readonly #log: Logger;
  readonly #removing = new Map<string, Promise<void>>();

  /** Opens the snapshotter at `root`, making it if it is not there, and clears what a crash left. */
  constructor(root: string, layout: SnapshotLayout, options: SnapshotterOptions = {}) {
    this.name = layout.name;
    this.#layout = layout;
    this.#dir = join(root, "snapshots");
    this.#hooks = options.hooks ?? noHooks;
    this.#log = options.log ?? silentLogger;
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    this.#table = new SnapshotTable(join(root, "metadata.db"));
    this.#recover();
  }

  /** Makes an active or view snapshot. @throws {RtError} `ALREADY_EXISTS`, `NOT_FOUND`, `INVALID_ARGUMENT`. */
  async create(kind: "active" | "view", request: NewSnapshot, call: Call): Promise<readonly Mount[]> {
    const { key, parent = "", labels = {} } = request;
    if (key === "") throw new InvalidArgumentError("snapshot key must not be empty");
    validateLabels(labels, "snapshot.Labels");
    const target = labels[TARGET_LABEL];
    const clash = this.#clash(call.namespace, key, target);
    if (clash !== undefined) {
      // What is there counts as made under the caller's lease.
      this.#hooks.created(this.name, clash.name, call);
      throw clash.error;
    }
    let making: Promise<void> | undefined;
    const { id, parents } = this.#table.transaction(() => {
      const below = parent === "" ? undefined : this.#parent(call.namespace, parent);
      const id = this.#table.insert(call.namespace, key, kind, below?.id, labels);
      const parents = this.#table.parents({ parentId: below?.id });
      this.#hooks.created(this.name, key, call);
      const dir = this.#path(id);
      // A transaction that was lost in a power cut may have had this id.
      if (existsSync(dir)) rmSync(dir, { recursive: true, force: true });
      making = this.#layout.make(
        dir,
        kind,
        parents.map((p) => this.#path(p)),
      );
      if (making === undefined) this.#table.ready(id);
      return { id, parents };
    });
    if (making !== undefined) await this.#finish(id, making);
    if (kind === "active") {
      this.#hooks.publish(call.namespace, {
        topic: "/snapshot/prepare",
        key,
        parent,
        snapshotter: this.name,
      });
    }
    return this.#layout.mounts(
      this.#path(id),
      kind,
      parents.map((p) => this.#path(p)),
    );
  }

  /** The mounts of an active or view snapshot. @throws {RtError} `NOT_FOUND`, `FAILED_PRECONDITION`. */
  mounts(key: string, call: Call): readonly Mount[] {
    const row = this.#row(call.namespace, key);
    if (row.kind === "committed") {
      throw new FailedPreconditionError(
        `failed to get active mount: requested snapshot ${key} not active or view`,
      );
    }
    const parents = this.#table.parents(row);
    return this.#layout.mounts(
      this.#path(row.id),
      row.kind,
      parents.map((p) => this.#path(p)),
    );
  }

  /** Makes an active snapshot into the committed `name`. @throws {RtError} `NOT_FOUND`, `ALREADY_EXISTS`, `FAILED_PRECONDITION`. */
  async commit(key: string, name: string, labels: Labels, call: Call): Promise<void> {
    if (name === "") throw new InvalidArgumentError("snapshot name must not be empty");
    validateLabels(labels, "snapshot.Labels");
    const check = (): SnapshotRow => {
      if (this.#table.find(call.namespace, name) !== undefined) {
        throw new AlreadyExistsError(`snapshot ${JSON.stringify(name)}`);
      }
      const row = this.#row(call.namespace, key);
      if (row.kind === "active") return row;
      throw new FailedPreconditionError(
        `failed to commit snapshot ${key}: snapshot ${JSON.stringify(key)} is not active`,
      );
    };
    const usage = await diskUsage(this.#layout.contents(this.#path(check().id)));
    this.#table.transaction(() => {
      this.#table.commit(check().id, name, labels, usage);
      this.#hooks.created(this.name, name, call);
    });
    this.#hooks.publish(call.namespace, { topic: "/snapshot/commit", key, name, snapshotter: this.name });
  }

  /** Removes a snapshot; its files go in the background. @throws {RtError} `NOT_FOUND`, `FAILED_PRECONDITION`. */
  remove(key: string, call: Call): void {
    const row = this.#table.find(call.namespace, key);
    if (row === undefined) throw missing(key);
    if (this.#table.hasChildren(row.id))
      throw new FailedPreconditionError("cannot remove snapshot with child");
    if (!row.ready) throw new FailedPreconditionError(`cannot remove snapshot ${key}: it is being made`);
    this.#table.delete(row.id);
    this.#discard(row.id);
    this.#hooks.removed();
    this.#hooks.publish(call.namespace, { topic: "/snapshot/remove", key, snapshotter: this.name });
  }

  /** @throws {RtError} `NOT_FOUND`. */
  stat(key: string, call: Call): SnapshotInfo {
    return info(this.#row(call.namespace, key));
  }

  /** Changes labels. @throws {RtError} `NOT_FOUND`, `INVALID_ARGUMENT`. */
  update(key: string, labels: Labels, fieldPaths: readonly string[] | undefined, call: Call): SnapshotInfo {
    this.#table.transaction(() => {
      const row = this.#row(call.namespace, key);
      const changed = updatedLabels(row.labels, labels, fieldPaths, `snapshot ${JSON.stringify(key)}`);
      validateLabels(changed, "snapshot.Labels");
      this.#table.setLabels(row.id, changed);
    });
    return this.stat(key, call);
  }

  /** The snapshots that match any of `filters`, by name. @throws {RtError} `INVALID_ARGUMENT`. */
  list(filters: readonly string[], call: Call): SnapshotInfo[] {
    const matches = parseFilters(filters);
    return this.#table
      .all(call.namespace)
      .filter((row) => row.ready)
      .map(info)
      .filter((i) =>
        matches(([field, ...rest]) => {
          if (field === "kind" || field === "name" || field === "parent") return i[field];
          return field === "labels" ? readMap(i.labels, rest) : undefined;
        }),
      );
  }

  /** @throws {RtError} `NOT_FOUND`. */
  async usage(key: string, call: Call): Promise<SnapshotUsage> {
    const row = this.#row(call.namespace, key);
    if (row.kind === "committed") return row.usage;
    if (row.kind === "view") return { size: 0, inodes: 0 };
    return await diskUsage(this.#layout.contents(this.#path(row.id)));
  }

  /** Every snapshot, for garbage collection. */
  *nodes(): Generator<SnapshotNode> {
    for (const { namespace, name: key, parent, labels } of this.#table.all()) {
      yield { namespace, snapshotter: this.name, key, parent, labels };
    }
  }

  /** Whether the namespace has a snapshot here. */
  has(namespace: string): boolean {
    return this.#table.has(namespace);
  }

  /** Removes a record that garbage collection found unreachable. */
  forget(namespace: string, key: string): void {
    const row = this.#table.find(namespace, key);
    if (row === undefined || !row.ready || this.#table.hasChildren(row.id)) return;
    this.#table.delete(row.id);
    this.#discard(row.id);
  }

  /** Waits until the files of removed snapshots are gone, and removes directories that belong to no snapshot. */
  async sweep(): Promise<void> {
    const known = new Set(this.#table.all().map((row) => String(row.id)));
    for (const name of readdirSync(this.#dir)) {
      if (!known.has(name) && !this.#removing.has(name)) this.#delete(name);
    }
    await Promise.all(this.#removing.values());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#removing.values());
    this.#table[Symbol.dispose]();
  }

  #path(id: number): string {
    return join(this.#dir, String(id));
  }

  #row(namespace: string, key: string): SnapshotRow {
    const row = this.#table.find(namespace, key);
    if (row?.ready) return row;
    throw missing(key);
  }

  #parent(namespace: string, name: string): SnapshotRow {
    const row = this.#table.find(namespace, name);
    if (row === undefined) throw new NotFoundError(`parent snapshot ${name} does not exist`);
    if (row.kind === "committed") return row;
    throw new InvalidArgumentError(
      `failed to create snapshot: parent ${JSON.stringify(name)} is not committed snapshot`,
    );
  }

  #clash(
    namespace: string,
    key: string,
    target: string | undefined,
  ): { name: string; error: AlreadyExistsError } | undefined {
    if (target !== undefined && this.#table.find(namespace, target) !== undefined) {
      return { name: target, error: new AlreadyExistsError(`target snapshot ${JSON.stringify(target)}`) };
    }
    if (this.#table.find(namespace, key) === undefined) return undefined;
    return { name: key, error: new AlreadyExistsError(`snapshot ${JSON.stringify(key)}`) };
  }

  async #finish(id: number, making: Promise<void>): Promise<void> {
    try {
      await making;
      this.#table.ready(id);
    } catch (err) {
      this.#table.delete(id);
      this.#discard(id);
      throw err;
    }
  }

  /** Moves a directory out of the way, which is quick, and deletes it in the background. */
  #discard(id: number): void {
    const name = `rm-${id}`;
    try {
      renameSync(this.#path(id), join(this.#dir, name));
    } catch (err) {
      this.#log.warn("cannot move removed snapshot", { id, err });
      return;
    }
    this.#delete(name);
  }

  #delete(name: string): void {
    const done = rm(join(this.#dir, name), { recursive: true, force: true })
      .catch((err) => this.#log.warn("cannot delete removed snapshot", { name, err }))
      .finally(() => this.#removing.delete(name));
    this.#removing.set(name, done);
  }

  #recover(): void {
    const rows = this.#table.all();
    const left = new Set(readdirSync(this.#dir));
    // A snapshot that was being made, or whose directory is lost, is none; children go with it.
    const lost = new Set(rows.filter((r) => !r.ready || !left.has(String(r.id))).map((r) => r.id));
    for (let grown = lost.size > 0; grown; ) {
      grown = false;
      for (const row of rows) {
        if (row.parentId !== undefined && lost.has(row.parentId) && !lost.has(row.id)) {
          lost.add(row.id);
          grown = true;
        }
      }
    }
    this.#table.transaction(() => {
      // Children have higher ids than their parents.
      for (const id of [...lost].sort((a, b) => b - a)) this.#table.delete(id);
    });
    for (const row of rows) if (!lost.has(row.id)) left.delete(String(row.id));
    if (lost.size > 0) this.#log.warn("snapshots were lost", { ids: [...lost].join(",") });
    for (const name of left) this.#delete(name);
  }
}

function missing(key: string): NotFoundError {
  return new NotFoundError(`snapshot ${key} does not exist`);
}

function info(row: SnapshotRow): SnapshotInfo {
  const { name, parent, kind, labels, createdAt, updatedAt } = row;
  return { name, parent, kind, labels, createdAt, updatedAt };
}
