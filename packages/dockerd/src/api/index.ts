/**
 * The `./api` door of @rt/dockerd.
 *
 * @module
 */
export {};
