/**
 * The vocabulary that every layer speaks: spec types, digests, references, error codes, logger.
 *
 * @module
 */
export {};
