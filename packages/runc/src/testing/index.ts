/**
 * The `./testing` door of @rt/runc.
 *
 * @module
 */
export {};
