/**
 * The shared vocabulary, handed up from the layer below (decision 0001).
 *
 * @module
 */
export * from "@rt/dockerd/oci";
