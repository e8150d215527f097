/**
 * Containers in the metadata database.
 *
 * Source: containerd core/metadata/containers.go, plugins/services/containers.
 *
 * @module
 */
import type { Container, Containers } from "../api/containers.ts";
import { AlreadyExistsError, InvalidArgumentError, NotFoundError } from "../errors.ts";
import { type FieldReader, parseFilters, readMap } from "../metadata/filter.ts";
import { validateNamespace } from "../metadata/identifier.ts";
import { enterNamespace, type Metadata } from "../metadata/metadata.ts";
import {
  CONTAINER_COLUMNS,
  fromRow,
  newContainer,
  toValues,
  updateContainer,
  validateContainer,
} from "./container_record.ts";

const marks = CONTAINER_COLUMNS.split(",")
  .map(() => "?")
  .join(", ");

/** Fields of a container that filters see. */
function fields(c: Container): FieldReader {
  return ([field, ...rest]) => {
    switch (field) {
      case "id":
        return c.id;
      case "runtime":
        return rest[0] === "name" ? c.runtime.name : undefined;
      case "image":
        return c.image === "" ? undefined : c.image;
      case "labels":
        return readMap(c.labels, rest);
      default:
        return undefined;
    }
  };
}

/** Containers of `metadata`. */
export function containerStore({ db, publish, changed }: Metadata): Containers {
  const find = (namespace: string, id: string): Container | undefined => {
    const row = db.get(
      `SELECT ${CONTAINER_COLUMNS} FROM containers WHERE namespace=? AND id=?`,
      namespace,
      id,
    );
    return row === undefined ? undefined : fromRow(row);
  };
  const quoted = JSON.stringify;
  return {
    async get(id, call) {
      const namespace = validateNamespace(call.namespace);
      const found = find(namespace, id);
      if (found === undefined)
        throw new NotFoundError(`container ${quoted(id)} in namespace ${quoted(namespace)}`);
      return found;
    },
    async *list(filters, call) {
      const matches = parseFilters(filters);
      const namespace = validateNamespace(call.namespace);
      const rows = db.all(
        `SELECT ${CONTAINER_COLUMNS} FROM containers WHERE namespace=? ORDER BY id`,
        namespace,
      );
      for (const row of rows) {
        const container = fromRow(row);
        if (matches(fields(container))) yield container;
      }
    },
    async create(input, call) {
      const container = newContainer(input, new Date());
      validateNamespace(call.namespace);
      validateContainer(container, "create container failed validation");
      db.transaction(() => {
        const sql = `INSERT OR IGNORE INTO containers (${CONTAINER_COLUMNS}) VALUES (${marks})`;
        if (db.run(sql, ...toValues(enterNamespace(db, call), container)) === 0) {
          throw new AlreadyExistsError(`container ${quoted(container.id)}`);
        }
      });
      const { id, image, runtime } = container;
      publish(call.namespace, { topic: "/containers/create", id, image, runtime });
      return find(call.namespace, id) ?? container;
    },
    async update(input, fieldPaths, call) {
      const namespace = validateNamespace(call.namespace);
      if (input.id === "") throw new InvalidArgumentError("must specify a container id");
      const updated = db.transaction(() => {
        const current = find(namespace, input.id);
        if (current === undefined) throw new NotFoundError(`container ${quoted(input.id)}`);
        const next = { ...updateContainer(current, input, fieldPaths), updatedAt: new Date() };
        validateContainer(next, "update failed validation");
        db.run(
          `INSERT OR REPLACE INTO containers (${CONTAINER_COLUMNS}) VALUES (${marks})`,
          ...toValues(namespace, next),
        );
        return find(namespace, input.id) ?? next;
      });
      const { id, image, labels, snapshotKey } = updated;
      publish(namespace, { topic: "/containers/update", id, image, labels, snapshotKey });
      return updated;
    },
    async delete(id, call) {
      const namespace = validateNamespace(call.namespace);
      if (db.run("DELETE FROM containers WHERE namespace=? AND id=?", namespace, id) === 0) {
        throw new NotFoundError(`container ${id}`);
      }
      changed();
      publish(namespace, { topic: "/containers/delete", id });
    },
  };
}
