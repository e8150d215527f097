/**
 * The `./testing` door of @rt/dockerd.
 *
 * @module
 */
export {};
