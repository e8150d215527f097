/**
 * The `./errors` door of @rt/runc.
 *
 * @module
 */
export {};
