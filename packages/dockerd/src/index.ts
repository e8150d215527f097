/**
 * The Docker engine in TypeScript: the Engine API over containerd.
 *
 * {@linkcode composeEngine} makes an {@linkcode Engine} in this process over any containerd, {@linkcode serveEngine}
 * offers it on a socket as rt-dockerd does, and `createEngineClient` (door `./client`) talks to any engine.
 *
 * @module
 */
export * from "./api/index.ts";
export { createEngineClient, type EngineClientOptions } from "./client/index.ts";
export { type ComposeOptions, composeEngine, type LocalEngine } from "./compose.ts";
export { type EngineServer, serveEngine } from "./compose_server.ts";
export { DEFAULT_HOST, defaultConfig, type EngineConfig } from "./config.ts";
export type {
  NetworkController,
  Sandbox,
  SandboxNamespace,
  SandboxRequest,
  SandboxRestore,
} from "./network/network.ts";
export { type App, createApp, type Route } from "./server/app.ts";
export { createHttpServer } from "./server/http_server.ts";
export { engineRoutes } from "./server/routes/index.ts";
