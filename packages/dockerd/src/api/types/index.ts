/**
 * The Engine API's types, as they travel on the wire.
 *
 * @module
 */
export * from "./common.ts";
export * from "./container.ts";
export * from "./events.ts";
export * from "./exec.ts";
export * from "./host_config.ts";
export * from "./image.ts";
export * from "./network.ts";
export * from "./system.ts";
export * from "./volume.ts";
