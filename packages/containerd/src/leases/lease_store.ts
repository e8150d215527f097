/**
 * Leases in the metadata database.
 *
 * Source: containerd core/metadata/leases.go.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import type { Lease, LeaseResource, Leases } from "../api/leases.ts";
import { AlreadyExistsError, InvalidArgumentError, NotFoundError, NotImplementedError } from "../errors.ts";
import type { Row } from "../metadata/database.ts";
import { type FieldReader, parseFilters, readMap } from "../metadata/filter.ts";
import { validateNamespace } from "../metadata/identifier.ts";
import { decodeLabels, encodeLabels, validateLabels } from "../metadata/labels.ts";
import { enterNamespace, type Metadata } from "../metadata/metadata.ts";

/** Fields of a lease that filters see. */
function fields(lease: Lease): FieldReader {
  return ([field, ...rest]) => {
    if (field === "id") return lease.id;
    return field === "labels" ? readMap(lease.labels, rest) : undefined;
  };
}

const fromRow = (row: Row): Lease => ({
  id: String(row.id),
  createdAt: new Date(Number(row.created_at)),
  labels: decodeLabels(row.labels),
});

/** Checks the type of a resource. @throws `INVALID_ARGUMENT`, `NOT_IMPLEMENTED` as the peer. */
function validateResource({ id, type }: LeaseResource): void {
  const [kind, snapshotter] = type.split("/", 2);
  switch (kind) {
    case "content":
    case "ingests":
    case "images":
      if (type !== kind) throw new InvalidArgumentError(`invalid ${kind} resource type: ${type}`);
      if (kind === "content" && !/^[a-z0-9]+:[0-9a-f]+$/.test(id)) {
        throw new InvalidArgumentError(`invalid content resource id: ${id}: invalid checksum digest format`);
      }
      return;
    case "snapshots":
      if (snapshotter) return;
      throw new InvalidArgumentError(`invalid snapshot resource type: ${type}`);
    default:
      throw new NotImplementedError(`resource type ${JSON.stringify(type)} not supported yet`);
  }
}

/** Leases of `metadata`. */
export function leaseStore({ db, changed, collect }: Metadata): Leases {
  const find = (namespace: string, id: string): Lease => {
    const row = db.get("SELECT id, labels, created_at FROM leases WHERE namespace=? AND id=?", namespace, id);
    if (row === undefined) throw new NotFoundError(`lease ${JSON.stringify(id)}`);
    return fromRow(row);
  };
  return {
    async create({ id = randomUUID(), labels = {} }, call) {
      validateNamespace(call.namespace);
      if (id === "") throw new InvalidArgumentError("lease id must be provided");
      validateLabels(labels, "lease.Labels");
      db.transaction(() => {
        const namespace = enterNamespace(db, call);
        const sql = "INSERT OR IGNORE INTO leases (namespace, id, labels, created_at) VALUES (?, ?, ?, ?)";
        if (db.run(sql, namespace, id, encodeLabels(labels), Date.now()) === 0) {
          throw new AlreadyExistsError(`lease ${JSON.stringify(id)}`);
        }
      });
      return find(call.namespace, id);
    },
    async delete(id, options, call) {
      const namespace = validateNamespace(call.namespace);
      db.transaction(() => {
        find(namespace, id);
        db.run("DELETE FROM leases WHERE namespace=? AND id=?", namespace, id);
      });
      changed();
      if (options.sync === true) await collect();
    },
    async list(filters, call) {
      const matches = parseFilters(filters);
      const namespace = validateNamespace(call.namespace);
      const rows = db.all(
        "SELECT id, labels, created_at FROM leases WHERE namespace=? ORDER BY id",
        namespace,
      );
      return rows.map(fromRow).filter((lease) => matches(fields(lease)));
    },
    async addResource(id, resource, call) {
      const namespace = validateNamespace(call.namespace);
      db.transaction(() => {
        find(namespace, id);
        validateResource(resource);
        const sql = "INSERT OR IGNORE INTO lease_resources (namespace, lease, type, id) VALUES (?, ?, ?, ?)";
        db.run(sql, namespace, id, resource.type, resource.id);
      });
    },
    async deleteResource(id, resource, call) {
      const namespace = validateNamespace(call.namespace);
      db.transaction(() => {
        find(namespace, id);
        validateResource(resource);
        const sql = "DELETE FROM lease_resources WHERE namespace=? AND lease=? AND type=? AND id=?";
        db.run(sql, namespace, id, resource.type, resource.id);
      });
      changed();
    },
    async resources(id, call) {
      const namespace = validateNamespace(call.namespace);
      find(namespace, id);
      const sql = "SELECT type, id FROM lease_resources WHERE namespace=? AND lease=? ORDER BY type, id";
      return db.all(sql, namespace, id).map((row) => ({ id: String(row.id), type: String(row.type) }));
    },
  };
}
