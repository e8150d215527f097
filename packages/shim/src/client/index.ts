/**
 * The `./client` door of @rt/shim.
 *
 * @module
 */
export {};
