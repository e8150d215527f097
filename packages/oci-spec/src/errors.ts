/**
 * The `./errors` door of @rt/oci-spec.
 *
 * @module
 */
export {};
