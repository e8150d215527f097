/**
 * An OCI runtime in TypeScript: library, command line and kernel port.
 *
 * @module
 */
export type * from "./api/oci_runtime.ts";
export { RuncCli, type RuncCliOptions } from "./client/runc_cli.ts";
export { type ComposeOptions, compose } from "./compose.ts";
export { DEFAULT_ROOT, type RuncConfig } from "./config.ts";
export { explain } from "./container/explain.ts";
export { type RunningContainer, type RunRequest, run } from "./container/run.ts";
export { Runc, type RuncDeps } from "./container/runc.ts";
