/**
 * The kernel port: launch programs and the ways to run them.
 *
 * @module
 */
export {};
