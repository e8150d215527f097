/**
 * An OCI runtime in TypeScript: library, command line and kernel port.
 *
 * @module
 */
export {};
