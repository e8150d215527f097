/**
 * The vocabulary that every layer speaks: spec types, digests, references, error codes, logger.
 *
 * @module
 */
export * from "./cli/duration.ts";
export * from "./cli/flags.ts";
export * from "./cli/help.ts";
export * from "./digest.ts";
export * from "./distribution/challenge.ts";
export * from "./distribution/endpoints.ts";
export * from "./distribution/error.ts";
export * from "./distribution/tags.ts";
export * from "./errors.ts";
export * from "./image/annotations.ts";
export * from "./image/chain_id.ts";
export * from "./image/descriptor.ts";
export * from "./image/image_config.ts";
export * from "./image/image_index.ts";
export * from "./image/image_layout.ts";
export * from "./image/manifest.ts";
export * from "./image/media_type.ts";
export * from "./image/platform.ts";
export * from "./image/validate.ts";
export * from "./log.ts";
export * from "./reference.ts";
export * from "./runtime/example.ts";
export type * from "./runtime/features.ts";
export * from "./runtime/names.ts";
export type { Problem } from "./runtime/problem.ts";
export type * from "./runtime/spec.ts";
export * from "./runtime/spec_json.ts";
export type * from "./runtime/spec_linux.ts";
export type * from "./runtime/spec_platforms.ts";
export type * from "./runtime/spec_resources.ts";
export type * from "./runtime/spec_seccomp.ts";
export type * from "./runtime/state.ts";
export * from "./runtime/sysctl.ts";
export * from "./runtime/validate.ts";
export { NAMESPACE_TYPES } from "./runtime/validate_linux.ts";
