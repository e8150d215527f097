/**
 * containerd in TypeScript: content, images, snapshots, containers, tasks and events, in process or over gRPC.
 *
 * {@linkcode composeContainerd} makes one in this process, {@linkcode serveContainerd} offers it on a socket, and
 * `ContainerdClient` (door `./client`) talks to any. What needs several of their calls (pull, push, import, export,
 * unpack) are functions over the interface, so they work with the real containerd too.
 *
 * @module
 */
export * from "./api/index.ts";
export { ContainerdClient, type ContainerdClientOptions } from "./client/index.ts";
export { type ComposeOptions, composeContainerd, serveContainerd } from "./compose.ts";
export {
  type Config,
  defaultConfig,
  dumpConfig,
  loadConfig,
  RT_RUNTIME,
  VERSION,
  withFlags,
} from "./config.ts";
export { type ExportImage, type ExportOptions, exportImages } from "./images/export.ts";
export { type ImportedImage, type ImportOptions, importImages } from "./images/import.ts";
export {
  addLabels,
  childLabel,
  childrenLabels,
  childrenOf,
  chooseManifest,
  type PlatformImage,
  readBlob,
  readDocument,
  selectPlatform,
} from "./images/read.ts";
export { DEFAULT_RUNTIME_LABEL, DEFAULT_SNAPSHOTTER_LABEL } from "./namespaces/namespace_store.ts";
export type { Credentials } from "./remotes/auth.ts";
export { RegistryError, RegistryUnreachableError } from "./remotes/errors.ts";
export {
  createRemote,
  distributionSource,
  type Remote,
  type RemoteOptions,
  type Resolved,
} from "./remotes/remote.ts";
export { withLease } from "./transfer/lease.ts";
export type { ProgressListener, TransferProgress, TransferStatus } from "./transfer/progress.ts";
export { type PullOptions, type PullResult, pull } from "./transfer/pull.ts";
export { type PushOptions, push } from "./transfer/push.ts";
export { type UnpackOptions, type UnpackTarget, unpackImage, unpackManifest } from "./unpack/unpack.ts";
