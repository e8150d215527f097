/**
 * The `./client` door of @rt/dockerd.
 *
 * @module
 */
export {};
