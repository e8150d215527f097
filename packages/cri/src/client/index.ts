/**
 * The `./client` door of @rt/cri: the CRI over gRPC.
 *
 * @module
 */
export { type CriClientOptions, createCriClient } from "./cri_client.ts";
