/**
 * The `./client` door of @rt/containerd: how the layer above talks to a containerd.
 *
 * @module
 */
export { ContainerdClient, type ContainerdClientOptions } from "./containerd_client.ts";
