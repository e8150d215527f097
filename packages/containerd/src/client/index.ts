/**
 * The `./client` door of @rt/containerd.
 *
 * @module
 */
export {};
