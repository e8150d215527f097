/**
 * Leases around work, so that garbage collection spares what the work makes until it is referenced.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import type { Call } from "../api/call.ts";
import type { Leases } from "../api/leases.ts";

/** How long a lease lives if its owner dies: a day, as in containerd's client. Milliseconds. */
const LEASE_MS = 24 * 60 * 60 * 1000;

/** Runs `work` under a lease: the call's own, or a fresh one that ends with the work. */
export async function withLease<T>(leases: Leases, call: Call, work: (call: Call) => Promise<T>): Promise<T> {
  if (call.lease !== undefined) return await work(call);
  const id = `${Date.now()}-${randomBytes(4).toString("hex")}`;
  const expire = new Date(Date.now() + LEASE_MS).toISOString();
  const lease = await leases.create({ id, labels: { "containerd.io/gc.expire": expire } }, call);
  try {
    return await work({ ...call, lease: lease.id });
  } finally {
    // Also when the work was cancelled; a lease that stays behind expires.
    await leases.delete(lease.id, {}, { namespace: call.namespace }).catch(() => {});
  }
}
