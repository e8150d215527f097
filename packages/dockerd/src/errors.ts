/**
 * The `./errors` door of @rt/dockerd.
 *
 * @module
 */
export {};
