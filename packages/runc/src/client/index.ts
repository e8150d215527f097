/**
 * The `./client` door of @rt/runc.
 *
 * @module
 */
export {};
