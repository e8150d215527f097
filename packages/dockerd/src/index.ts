/**
 * The Docker engine in TypeScript: the Engine API over containerd.
 *
 * @module
 */
export {};
