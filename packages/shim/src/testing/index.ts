/**
 * The `./testing` door of @rt/shim.
 *
 * @module
 */
export {};
