/**
 * The `./api` door of @rt/containerd.
 *
 * @module
 */
export {};
