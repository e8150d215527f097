/**
 * The `./api` door of @rt/cri.
 *
 * @module
 */
export {};
