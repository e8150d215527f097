/**
 * The `./api` door of @rt/dockerd: the {@linkcode Engine} interface and the Engine API's types.
 *
 * @module
 */
export * from "./engine.ts";
export { decodeFrames, encodeFrame } from "./multiplex.ts";
export * from "./types/index.ts";
export * from "./version.ts";
