/**
 * A containerd shim in TypeScript: monitor, task service and ttrpc.
 *
 * @module
 */
export * from "./api/index.ts";
export { compose, makeRuntime, type ShimParts } from "./compose.ts";
export { DEFAULT_LINGER_MS, DEFAULT_SOCKET_DIR, loadConfig, type ShimConfig } from "./config.ts";
export { type ServeOptions, serve } from "./manager/serve.ts";
export { Publisher, type PublisherOptions } from "./publisher/publisher.ts";
export { addTaskService } from "./server/task.ts";
export { Shim, type ShimDeps } from "./shim.ts";
export type { RuntimeChoice } from "./task/record.ts";
export type { TaskDeps } from "./task/task.ts";
export * from "./ttrpc/index.ts";
