/**
 * containerd in TypeScript: content, images, snapshots, containers, tasks, events over gRPC.
 *
 * @module
 */
export {};
