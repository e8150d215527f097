/**
 * What the stores share: the database, the namespaces that come into being with their first object, the lease of a
 * call, and the note that something may be garbage now.
 *
 * @module
 */
import type { Call } from "../api/call.ts";
import type { ContainerdEvent } from "../api/event.ts";
import { NotFoundError } from "../errors.ts";
import type { MetadataDatabase } from "./database.ts";
import { validateNamespace } from "./identifier.ts";

/** Publishes an event of this daemon. */
export type Publish = (namespace: string, event: ContainerdEvent) => void;

/** What a store is made of. */
export interface Metadata {
  readonly db: MetadataDatabase;
  readonly publish: Publish;
  /** Something was removed that may have referenced other things; resolves once garbage collection has run. */
  readonly collect: () => Promise<void>;
  /** Something was removed; garbage collection may wait for more. */
  readonly changed: () => void;
}

/** Namespace of a call, made if this is its first object; to be called inside a transaction. */
export function enterNamespace(db: MetadataDatabase, call: Pick<Call, "namespace">): string {
  const namespace = validateNamespace(call.namespace);
  db.run("INSERT OR IGNORE INTO namespaces (name, labels) VALUES (?, '{}')", namespace);
  return namespace;
}

/**
 * Adds a resource to the call's lease, if it has one; to be called inside a transaction.
 *
 * @throws {NotFoundError} `NOT_FOUND` if there is no such lease.
 */
export function addToLease(db: MetadataDatabase, call: Call, type: string, id: string): void {
  if (call.lease === undefined || call.lease === "") return;
  const lease = db.get("SELECT 1 FROM leases WHERE namespace=? AND id=?", call.namespace, call.lease);
  if (lease === undefined) throw new NotFoundError("lease does not exist");
  db.run(
    "INSERT OR IGNORE INTO lease_resources (namespace, lease, type, id) VALUES (?, ?, ?, ?)",
    call.namespace,
    call.lease,
    type,
    id,
  );
}

/** Removes a resource from the call's lease, if it has one. */
export function removeFromLease(db: MetadataDatabase, call: Call, type: string, id: string): void {
  if (call.lease === undefined || call.lease === "") return;
  db.run(
    "DELETE FROM lease_resources WHERE namespace=? AND lease=? AND type=? AND id=?",
    call.namespace,
    call.lease,
    type,
    id,
  );
}
