/**
 * Composition: engine, logs and calls joined to a {@linkcode CriRuntime}, and that to a server.
 *
 * @module
 */
import { join } from "node:path";
import { create, type DescMessage } from "@bufbuild/protobuf";
import type { Engine } from "@rt/dockerd/api";
import { createEngineClient } from "@rt/dockerd/client";
import {
  type CallOptions,
  type CriRuntime,
  IMAGE_METHODS,
  type ImageCalls,
  type ImageHandlers,
  ImageService,
  RUNTIME_METHODS,
  type RuntimeCalls,
  type RuntimeHandlers,
  RuntimeService,
} from "./api/cri.ts";
import type { Config } from "./config.ts";
import { createContainer } from "./container/create.ts";
import { execSync } from "./container/exec_sync.ts";
import { listContainers } from "./container/list.ts";
import { removeContainer } from "./container/remove.ts";
import { reopenContainerLog } from "./container/reopen_log.ts";
import { startContainer } from "./container/start.ts";
import { containerStats, listContainerStats } from "./container/stats.ts";
import { containerStatus } from "./container/status.ts";
import { stopContainer } from "./container/stop.ts";
import { updateContainerResources } from "./container/update_resources.ts";
import { lowestOomScoreAdj } from "./host/oom_score.ts";
import { hostProcesses, type Processes } from "./host/processes.ts";
import { imageFsInfo } from "./image/fs_info.ts";
import { listImages } from "./image/list.ts";
import { PAUSE_IMAGE } from "./image/pause.ts";
import { pullImage } from "./image/pull.ts";
import { removeImage } from "./image/remove.ts";
import { imageStatus } from "./image/status.ts";
import { type ContainerLogs, createContainerLogs } from "./logs/container_logs.ts";
import { type Logger, silentLogger } from "./oci.ts";
import { runtimeConfig, status } from "./runtime/status.ts";
import { version } from "./runtime/version.ts";
import { listPodSandbox } from "./sandbox/list.ts";
import { removePodSandbox } from "./sandbox/remove.ts";
import { runPodSandbox } from "./sandbox/run.ts";
import { podSandboxStatus } from "./sandbox/status.ts";
import { stopPodSandbox } from "./sandbox/stop.ts";
import { serveCri } from "./server/grpc_server.ts";

/** Options of {@linkcode createCri}. */
export interface CriOptions {
  /** Directory for positions of rotated logs. Absolute. */
  readonly root: string;
  /** Reference of the pause image. @default {"rt/pause:1", which is generated} */
  readonly pauseImage?: string;
  /** Processes of the engine's machine. @default those of this machine */
  readonly processes?: Processes;
  readonly log?: Logger;
}

/** What all calls need. */
interface Deps {
  readonly engine: Engine;
  readonly logs: ContainerLogs;
  readonly processes: Processes;
  readonly pauseImage: string;
  readonly lowestOomScoreAdj: number;
}

/**
 * The CRI over `engine`, in this process. Disposing ends the copying of logs; the engine stays as it is.
 *
 * @example
 * ```ts ignore
 * await using engine = createEngineClient({ address: "unix:///run/rt/docker.sock" });
 * await using cri = createCri(engine, { root: "/var/lib/rt/cri" });
 * const { podSandboxId } = await cri.runtime.runPodSandbox({
 *   config: { metadata: { name: "web", namespace: "default", uid: "1" } },
 * });
 * ```
 */
export function createCri(engine: Engine, options: CriOptions): CriRuntime {
  const { log = silentLogger, processes = hostProcesses, pauseImage = PAUSE_IMAGE } = options;
  const logs = createContainerLogs({ engine, directory: join(options.root, "logs"), log });
  void logs.resume();
  const deps: Deps = { engine, logs, processes, pauseImage, lowestOomScoreAdj: lowestOomScoreAdj() };
  return {
    runtime: callsOf<RuntimeCalls>(RuntimeService.method, RUNTIME_METHODS, runtimeHandlers(deps)),
    images: callsOf<ImageCalls>(ImageService.method, IMAGE_METHODS, imageHandlers(deps)),
    [Symbol.asyncDispose]: () => logs[Symbol.asyncDispose](),
  };
}

function runtimeHandlers(deps: Deps): RuntimeHandlers {
  return {
    version: (_request, options) => version(deps, options),
    status: (request, options) => status(deps, request, options),
    runtimeConfig: (_request, options) => runtimeConfig(deps, options),
    // The pod CIDR is for network plugins.
    updateRuntimeConfig: async () => ({}),
    runPodSandbox: (request, options) => runPodSandbox(deps, request, options),
    stopPodSandbox: (request, options) => stopPodSandbox(deps, request, options),
    removePodSandbox: (request, options) => removePodSandbox(deps, request, options),
    podSandboxStatus: (request, options) => podSandboxStatus(deps, request, options),
    listPodSandbox: (request, options) => listPodSandbox(deps, request, options),
    createContainer: (request, options) => createContainer(deps, request, options),
    startContainer: (request, options) => startContainer(deps, request, options),
    stopContainer: (request, options) => stopContainer(deps, request, options),
    removeContainer: (request, options) => removeContainer(deps, request, options),
    listContainers: (request, options) => listContainers(deps, request, options),
    containerStatus: (request, options) => containerStatus(deps, request, options),
    updateContainerResources: (request, options) => updateContainerResources(deps, request, options),
    reopenContainerLog: (request, options) => reopenContainerLog(deps, request, options),
    execSync: (request, options) => execSync(deps, request, options),
    containerStats: (request, options) => containerStats(deps, request, options),
    listContainerStats: (request, options) => listContainerStats(deps, request, options),
  };
}

function imageHandlers(deps: Deps): ImageHandlers {
  return {
    listImages: (request, options) => listImages(deps, request, options),
    imageStatus: (request, options) => imageStatus(deps, request, options),
    pullImage: (request, options) => pullImage(deps, request, options),
    removeImage: (request, options) => removeImage(deps, request, options),
    imageFsInfo: (_request, options) => imageFsInfo(deps, options),
  };
}

type Fields = Record<string, unknown>;
type Handler = (request: unknown, options: CallOptions) => Promise<unknown>;
type Methods = Readonly<Record<string, { readonly input: DescMessage; readonly output: DescMessage }>>;

/** Calls that fill in what a request leaves out, and make whole messages of replies. */
function callsOf<C>(methods: Methods, names: readonly string[], handlers: object): C {
  const calls = names.map((name) => {
    const { input, output } = methods[name]!;
    const handler = (handlers as Record<string, Handler>)[name]!;
    const call = async (request: Fields, options: CallOptions = {}): Promise<unknown> =>
      create(output, (await handler(create(input, request), options)) as Fields);
    return [name, call];
  });
  return Object.fromEntries(calls) as C;
}

/** A daemon: the CRI on its socket. */
export interface CriDaemon extends AsyncDisposable {
  /** Path of the socket. */
  readonly address: string;
}

/** Serves the CRI as `config` says; disposing ends it, pods live on. */
export async function serveDaemon(config: Config, options: { log?: Logger } = {}): Promise<CriDaemon> {
  const { log = silentLogger } = options;
  await using stack = new AsyncDisposableStack();
  const engine = stack.use(createEngineClient({ address: config.engineAddress }));
  const cri = stack.use(createCri(engine, { root: config.root, pauseImage: config.pauseImage, log }));
  stack.use(await serveCri(config.address, cri, { log }));
  const owned = stack.move();
  return { address: config.address, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
