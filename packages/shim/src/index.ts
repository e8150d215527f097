/**
 * A containerd shim in TypeScript: monitor, task service and ttrpc.
 *
 * @module
 */
export {};
