/**
 * Leases: keep resources from garbage collection while work is under way.
 *
 * Source: containerd api/services/leases/v1, core/leases.
 *
 * @module
 */
import type { Call, Labels } from "./call.ts";

/** A lease. */
export interface Lease {
  readonly id: string;
  readonly createdAt: Date;
  /** `containerd.io/gc.expire` (RFC 3339) ends it, `containerd.io/gc.flat` keeps it from following references. */
  readonly labels: Labels;
}

/** Something a lease holds. */
export interface LeaseResource {
  readonly id: string;
  /** `content`, `ingests`, `snapshots/<snapshotter>`, `images`. */
  readonly type: string;
}

/** Lease store. */
export interface Leases {
  /** Creates a lease; the id is made up if absent. @throws `ALREADY_EXISTS`. */
  create(lease: { readonly id?: string; readonly labels?: Labels }, call: Call): Promise<Lease>;
  /** Ends a lease; `sync` waits until garbage collection has run. @throws `NOT_FOUND`. */
  delete(id: string, options: { readonly sync?: boolean }, call: Call): Promise<void>;
  list(filters: readonly string[], call: Call): Promise<readonly Lease[]>;
  /** @throws `NOT_FOUND`, `INVALID_ARGUMENT` for an unknown type. */
  addResource(id: string, resource: LeaseResource, call: Call): Promise<void>;
  /** @throws `NOT_FOUND`. */
  deleteResource(id: string, resource: LeaseResource, call: Call): Promise<void>;
  /** @throws `NOT_FOUND`. */
  resources(id: string, call: Call): Promise<readonly LeaseResource[]>;
}
