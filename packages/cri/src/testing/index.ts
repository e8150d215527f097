/**
 * The `./testing` door of @rt/cri.
 *
 * @module
 */
export {};
