/**
 * The CRI as a TypeScript interface: what this layer offers upwards, in process or over gRPC.
 *
 * Requests and replies are the messages of `runtime.v1`; errors are `RtError`s with gRPC's classes.
 * Source: kubernetes/cri-api `pkg/apis/services.go`.
 *
 * @module
 */
import type { DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { ImageService, RuntimeService } from "./gen/runtime/v1/api_pb.ts";

export { ImageService, RuntimeService };

/** Methods of `RuntimeService` that are served; the others answer UNIMPLEMENTED. */
export const RUNTIME_METHODS = [
  "version",
  "status",
  "runtimeConfig",
  "updateRuntimeConfig",
  "runPodSandbox",
  "stopPodSandbox",
  "removePodSandbox",
  "podSandboxStatus",
  "listPodSandbox",
  "createContainer",
  "startContainer",
  "stopContainer",
  "removeContainer",
  "listContainers",
  "containerStatus",
  "updateContainerResources",
  "reopenContainerLog",
  "execSync",
  "containerStats",
  "listContainerStats",
] as const;

/** Methods of `ImageService` that are served. */
export const IMAGE_METHODS = [
  "listImages",
  "imageStatus",
  "pullImage",
  "removeImage",
  "imageFsInfo",
] as const;

/** Options of every call. */
export interface CallOptions {
  /** Cancels the call. */
  readonly signal?: AbortSignal;
}

/** A call as clients make it: fields that are left out have their default. */
export type CriCall<M> =
  M extends DescMethodUnary<infer I, infer O>
    ? (request: MessageInitShape<I>, options?: CallOptions) => Promise<MessageShape<O>>
    : never;

/** A call as it is implemented: whole request in, reply in any shape that can be encoded out. */
export type CriHandler<M> =
  M extends DescMethodUnary<infer I, infer O>
    ? (request: MessageShape<I>, options: CallOptions) => Promise<MessageInitShape<O>>
    : never;

type RuntimeMethods = (typeof RuntimeService)["method"];
type ImageMethods = (typeof ImageService)["method"];

/** Pods and containers. */
export type RuntimeCalls = {
  readonly [M in (typeof RUNTIME_METHODS)[number]]: CriCall<RuntimeMethods[M]>;
};

/** Images. */
export type ImageCalls = { readonly [M in (typeof IMAGE_METHODS)[number]]: CriCall<ImageMethods[M]> };

/** Implementations of {@linkcode RuntimeCalls}. */
export type RuntimeHandlers = {
  readonly [M in (typeof RUNTIME_METHODS)[number]]: CriHandler<RuntimeMethods[M]>;
};

/** Implementations of {@linkcode ImageCalls}. */
export type ImageHandlers = { readonly [M in (typeof IMAGE_METHODS)[number]]: CriHandler<ImageMethods[M]> };

/** The Container Runtime Interface. */
export interface CriRuntime extends AsyncDisposable {
  readonly runtime: RuntimeCalls;
  readonly images: ImageCalls;
}
