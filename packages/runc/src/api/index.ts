/**
 * The `./api` door of @rt/runc.
 *
 * @module
 */
export {};
