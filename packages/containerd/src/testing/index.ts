/**
 * The `./testing` door of @rt/containerd.
 *
 * @module
 */
export {};
