/**
 * The `./client` door of @rt/dockerd: the Engine over HTTP.
 *
 * @module
 */
export { createEngineClient, type EngineClientOptions } from "./engine_client.ts";
