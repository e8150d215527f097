/**
 * The Kubernetes Container Runtime Interface over the Docker engine.
 *
 * @module
 */
export {
  type CriDaemon,
  type CriOptions,
  createCri,
  serveDaemon,
} from "./compose.ts";
export { type CommandLine, type Config, helpText, parseCommandLine, VERSION } from "./config.ts";
export { hostProcesses, type Processes } from "./host/processes.ts";
export { PAUSE_IMAGE } from "./image/pause.ts";
export { parseLine } from "./logs/line.ts";
export { type CriServer, type CriServerOptions, serveCri } from "./server/grpc_server.ts";
