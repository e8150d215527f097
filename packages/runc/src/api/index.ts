/**
 * The `./api` door of @rt/runc: the runtime interface and its records.
 *
 * @module
 */
export type * from "./oci_runtime.ts";
