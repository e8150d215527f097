/**
 * The `./errors` door of @rt/shim.
 *
 * @module
 */
export {};
