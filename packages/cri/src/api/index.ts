/**
 * The `./api` door of @rt/cri: the {@linkcode CriRuntime} interface, the CRI's messages and its wire descriptors.
 *
 * @module
 */
export * from "./cri.ts";
export * from "./grpc_code.ts";
export * from "./types.ts";
