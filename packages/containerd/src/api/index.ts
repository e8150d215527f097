/**
 * The contract of containerd's boundary: interfaces and records.
 *
 * @module
 */
export type * from "./call.ts";
export type * from "./containerd.ts";
export * from "./containers.ts";
export type * from "./content.ts";
export type * from "./diff.ts";
export type * from "./event.ts";
export type * from "./events.ts";
export type * from "./images.ts";
export type * from "./introspection.ts";
export type * from "./leases.ts";
export type * from "./mount.ts";
export type * from "./namespaces.ts";
export type * from "./snapshots.ts";
export type * from "./tasks.ts";
export { decodeEvent, encodeEvent } from "./wire/event.ts";
