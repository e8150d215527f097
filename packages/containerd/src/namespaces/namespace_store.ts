/**
 * Namespaces in the metadata database.
 *
 * Source: containerd core/metadata/namespaces.go, plugins/services/namespaces.
 *
 * @module
 */
import type { Namespace, Namespaces } from "../api/namespaces.ts";
import { AlreadyExistsError, FailedPreconditionError, NotFoundError } from "../errors.ts";
import { validateIdentifier } from "../metadata/identifier.ts";
import { decodeLabels, encodeLabels, updatedLabels, validateLabels } from "../metadata/labels.ts";
import { enterNamespace, type Metadata } from "../metadata/metadata.ts";
import type { SnapshotCatalog } from "../metadata/ports.ts";

/** Label with the name of a namespace's default runtime. */
export const DEFAULT_RUNTIME_LABEL = "containerd.io/defaults/runtime";

/** Label with the name of a namespace's default snapshotter. */
export const DEFAULT_SNAPSHOTTER_LABEL = "containerd.io/defaults/snapshotter";

/** Namespaces of `metadata`; `snapshots` tells which of them are in use below. */
export function namespaceStore(metadata: Metadata, snapshots: Pick<SnapshotCatalog, "has">): Namespaces {
  const { db, publish } = metadata;
  const known = (name: string): Namespace | undefined => {
    const row = db.get("SELECT labels FROM namespaces WHERE name=?", name);
    return row === undefined ? undefined : { name, labels: decodeLabels(row.labels) };
  };
  const find = (name: string): Namespace => {
    const found = known(name);
    if (found === undefined) throw new NotFoundError(`namespace ${JSON.stringify(name)}`);
    return found;
  };
  return {
    async get(name) {
      // The peer knows no namespace that is not there: it has no labels, and its first object makes it.
      return known(name) ?? { name, labels: {} };
    },
    async list() {
      const rows = db.all("SELECT name, labels FROM namespaces ORDER BY name");
      return rows.map((row) => ({ name: String(row.name), labels: decodeLabels(row.labels) }));
    },
    async create({ name, labels }) {
      validateIdentifier(name);
      validateLabels(labels, "namespace.Labels");
      const sql = "INSERT OR IGNORE INTO namespaces (name, labels) VALUES (?, ?)";
      if (db.run(sql, name, encodeLabels(labels)) === 0) {
        throw new AlreadyExistsError(`namespace ${JSON.stringify(name)}`);
      }
      publish(name, { topic: "/namespaces/create", name, labels });
      return find(name);
    },
    async update({ name, labels }, fieldPaths) {
      const updated = db.transaction(() => {
        enterNamespace(db, { namespace: name });
        const wanted = updatedLabels(
          find(name).labels,
          labels,
          fieldPaths,
          `namespace ${JSON.stringify(name)}`,
        );
        validateLabels(wanted, "namespace.Labels");
        db.run("UPDATE namespaces SET labels=? WHERE name=?", encodeLabels(wanted), name);
        return find(name);
      });
      publish(name, { topic: "/namespaces/update", name, labels: updated.labels });
      return updated;
    },
    async delete(name) {
      db.transaction(() => {
        find(name);
        const held = ["images", "blobs", "containers"].filter(
          (table) => db.get(`SELECT 1 FROM ${table} WHERE namespace=? LIMIT 1`, name) !== undefined,
        );
        if (snapshots.has(name)) held.push("snapshots");
        if (held.length > 0) {
          throw new FailedPreconditionError(
            `namespace ${JSON.stringify(name)} must be empty, but it still has ${held.join(", ")}`,
          );
        }
        for (const table of ["ingests", "lease_resources", "leases"]) {
          db.run(`DELETE FROM ${table} WHERE namespace=?`, name);
        }
        db.run("DELETE FROM namespaces WHERE name=?", name);
      });
      publish(name, { topic: "/namespaces/delete", name });
    },
  };
}
