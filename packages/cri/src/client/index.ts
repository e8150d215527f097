/**
 * The `./client` door of @rt/cri.
 *
 * @module
 */
export {};
