/**
 * The `./errors` door of @rt/containerd.
 *
 * @module
 */
export {};
