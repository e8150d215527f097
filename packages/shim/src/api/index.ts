/**
 * The `./api` door of @rt/shim.
 *
 * @module
 */
export {};
