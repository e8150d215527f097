/**
 * The OCI words every layer speaks: runtime, image and distribution specs, digests, references, error codes, logger.
 *
 * @module
 */
export * from "./oci.ts";
