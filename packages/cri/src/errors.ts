/**
 * The `./errors` door of @rt/cri.
 *
 * @module
 */
export {};
