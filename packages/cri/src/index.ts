/**
 * The Kubernetes Container Runtime Interface over the Docker engine.
 *
 * @module
 */
export {};
