/**
 * The kernel port, handed up from the layer below (decision 0001).
 *
 * @module
 */
export * from "@rt/containerd/kernel";
