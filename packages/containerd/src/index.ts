/**
 * containerd in TypeScript: content, images, snapshots, containers, tasks and events, in process or over gRPC.
 *
 * {@linkcode composeContainerd} makes one in this process, {@linkcode serveContainerd} offers it on a socket, and
 * `ContainerdClient` talks to any. What needs several of their calls (pull, push, import, export, unpack) are functions
 * over the interface, so they work with the real containerd too.
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
export { type Change, type ChangeOptions, type Comparison, changes } from "./diff/changes.ts";
export { tarStream } from "./diff/compare.ts";
export { compress, decompress, detectCompression } from "./diff/compression.ts";
export { type LayerTarget, LayerWriter } from "./diff/layer_writer.ts";
export type { SparseSegment, TarEntry, TarEntryType, TarTime } from "./diff/tar_entry.ts";
export { toBinary, toPath, toText } from "./diff/tar_entry.ts";
export { MAX_SPECIAL_BYTES, TarReader } from "./diff/tar_reader.ts";
export { END_OF_ARCHIVE, encodeHeader, type NewTarEntry, padding } from "./diff/tar_writer.ts";
export { type UnpackedLayer, unpackLayer } from "./diff/unpack_layer.ts";
export type { InodeOp, InodePath, Inodes, InodeTime } from "./host/inodes.ts";
export { linuxInodes } from "./host/inodes_linux.ts";
export { type DockerArchiveImage, IMAGE_NAME_ANNOTATION, REF_NAME_ANNOTATION } from "./images/archive.ts";
export { type ExportImage, type ExportOptions, exportImages } from "./images/export.ts";
export { type ImportedImage, type ImportOptions, importImages } from "./images/import.ts";
export { type IngestOptions, ingestDocument, ingestStream } from "./images/ingest.ts";
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
export { TempMounts } from "./mount/temp_mounts.ts";
export { DEFAULT_RUNTIME_LABEL, DEFAULT_SNAPSHOTTER_LABEL } from "./namespaces/namespace_store.ts";
export type { Credentials } from "./remotes/auth.ts";
export { type FetchOptions, fetchBlob } from "./remotes/fetch.ts";
export {
  type HostCapability,
  type HostOptions,
  isInsecure,
  type RegistryHost,
  registryHosts,
} from "./remotes/hosts.ts";
export {
  createRemote,
  distributionSource,
  MAX_MANIFEST_BYTES,
  type Remote,
  type RemoteOptions,
  type Resolved,
} from "./remotes/remote.ts";
export { Repository, type RepositoryRequest, type RepositoryResponse } from "./remotes/repository.ts";
export { withLease } from "./transfer/lease.ts";
export type { ProgressListener, TransferProgress, TransferStatus } from "./transfer/progress.ts";
export { type PullOptions, type PullResult, pull } from "./transfer/pull.ts";
export { type PushOptions, push } from "./transfer/push.ts";
export { type UnpackOptions, type UnpackTarget, unpackImage, unpackManifest } from "./unpack/unpack.ts";
