/**
 * The Docker engine as a TypeScript interface: what dockerd offers upwards.
 *
 * Two implementations: the engine in this process (`@rt/dockerd`) and `EngineClient` over HTTP
 * (`@rt/dockerd/client`), which also speaks to the real dockerd. Requests and replies are the Engine API's types;
 * errors are `RtError`s: NOT_FOUND (404), INVALID_ARGUMENT (400), CONFLICT and ALREADY_EXISTS (409),
 * PERMISSION_DENIED (403), UNAUTHENTICATED (401), NOT_IMPLEMENTED (501), UNAVAILABLE (503), others (500).
 * Names in requests are a name, an id or a unique prefix of an id.
 *
 * Source: moby `api/docs/v1.51.yaml`, paths.
 *
 * @module
 */
import type * as t from "./types/index.ts";

/** Options of every call. */
export interface CallOptions {
  /** Cancels the call; for streams, ends the stream. */
  readonly signal?: AbortSignal;
}

/** A piece of a container's output; a terminal has only `stdout`. */
export interface OutputChunk {
  readonly stream: "stdout" | "stderr";
  readonly data: Uint8Array;
}

/** A connection to the standard streams of a container or an exec. */
export interface AttachStream extends AsyncDisposable {
  /** True if there is a terminal: output is one raw stream. */
  readonly tty: boolean;
  /** What the process writes; ends when it has closed its output, or on detach. */
  readonly output: AsyncIterable<OutputChunk>;
  /** Sends `data` to the process; resolves when there is room for more. */
  write(data: Uint8Array): Promise<void>;
  /** Ends the input: the process reads end of file. */
  closeInput(): Promise<void>;
}

/** A running wait: it is registered when this exists. */
export interface ContainerWait {
  /** Resolves when the condition is met. */
  readonly result: Promise<t.ContainerWaitResponse>;
}

/** Options of {@linkcode ContainersApi.list}. */
export interface ContainerListOptions extends CallOptions {
  /** Also those that do not run. @default {false} */
  readonly all?: boolean;
  /** At most so many, the newest first; also those that do not run. */
  readonly limit?: number;
  /** Also computes sizes. @default {false} */
  readonly size?: boolean;
  readonly filters?: t.Filters;
}

/** Options of {@linkcode ContainersApi.logs}. */
export interface LogsOptions extends CallOptions {
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  /** Goes on until the container ends. @default {false} */
  readonly follow?: boolean;
  /** Only lines at or after this time: Unix seconds with fraction, or RFC 3339. */
  readonly since?: string;
  /** Only lines before this time. */
  readonly until?: string;
  /** Puts a RFC 3339 time before each line. @default {false} */
  readonly timestamps?: boolean;
  /** Puts labels and environment of the log driver before each line. @default {false} */
  readonly details?: boolean;
  /** Only so many last lines; `"all"` for all. @default {"all"} */
  readonly tail?: string;
}

/** Log lines of a container. */
export interface LogStream extends AsyncDisposable {
  /** True if the container has a terminal: output is not to be multiplexed. */
  readonly tty: boolean;
  readonly output: AsyncIterable<OutputChunk>;
}

/** Options of {@linkcode ContainersApi.attach}. */
export interface AttachOptions extends CallOptions {
  readonly stdin?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  /** Sends what comes from now on. @default {false} */
  readonly stream?: boolean;
  /** Sends what was logged before. @default {false} */
  readonly logs?: boolean;
  /** Keys that detach a terminal, e.g. `ctrl-p,ctrl-q`. */
  readonly detachKeys?: string;
}

/** Size of a terminal, in characters. */
export interface TerminalSize {
  readonly height: number;
  readonly width: number;
}

/** Options of {@linkcode ContainersApi.remove}. */
export interface ContainerRemoveOptions extends CallOptions {
  /** Kills it first if it runs. @default {false} */
  readonly force?: boolean;
  /** Also removes its anonymous volumes. @default {false} */
  readonly volumes?: boolean;
  /** Removes a link instead of the container. @default {false} */
  readonly link?: boolean;
}

/** A tar stream out of a container, with what the path is. */
export interface ContainerArchive {
  readonly stat: t.PathStat;
  readonly tar: AsyncIterable<Uint8Array>;
}

/** Containers. */
export interface ContainersApi {
  list(options?: ContainerListOptions): Promise<t.ContainerSummary[]>;
  create(
    request: t.ContainerCreateRequest,
    options?: CallOptions & { readonly name?: string; readonly platform?: string },
  ): Promise<t.ContainerCreateResponse>;
  inspect(name: string, options?: CallOptions & { readonly size?: boolean }): Promise<t.ContainerInspect>;
  /** Starts it; false if it was running already. */
  start(name: string, options?: CallOptions & { readonly detachKeys?: string }): Promise<boolean>;
  /** Stops it, by force after `timeoutSeconds` (-1: never); false if it was not running. */
  stop(
    name: string,
    options?: CallOptions & { readonly timeoutSeconds?: number; readonly stopSignal?: string },
  ): Promise<boolean>;
  restart(
    name: string,
    options?: CallOptions & { readonly timeoutSeconds?: number; readonly stopSignal?: string },
  ): Promise<void>;
  /** Sends `signalName` (a name with or without SIG, or a number). @default SIGKILL */
  kill(name: string, options?: CallOptions & { readonly signalName?: string }): Promise<void>;
  pause(name: string, options?: CallOptions): Promise<void>;
  unpause(name: string, options?: CallOptions): Promise<void>;
  rename(name: string, newName: string, options?: CallOptions): Promise<void>;
  update(
    name: string,
    request: t.ContainerUpdateRequest,
    options?: CallOptions,
  ): Promise<t.ContainerUpdateResponse>;
  resize(name: string, size: TerminalSize, options?: CallOptions): Promise<void>;
  top(name: string, options?: CallOptions & { readonly psArgs?: string }): Promise<t.ContainerTopResponse>;
  logs(name: string, options?: LogsOptions): Promise<LogStream>;
  attach(name: string, options?: AttachOptions): Promise<AttachStream>;
  /** Resolves as soon as the wait is registered. */
  wait(
    name: string,
    options?: CallOptions & { readonly condition?: t.WaitCondition },
  ): Promise<ContainerWait>;
  remove(name: string, options?: ContainerRemoveOptions): Promise<void>;
  prune(options?: CallOptions & { readonly filters?: t.Filters }): Promise<t.ContainerPruneResponse>;
  /** Samples once a second, or one sample if `stream` is false (`oneShot`: without the previous one). */
  stats(
    name: string,
    options?: CallOptions & { readonly stream?: boolean; readonly oneShot?: boolean },
  ): Promise<AsyncIterable<t.StatsResponse>>;
  changes(name: string, options?: CallOptions): Promise<t.FilesystemChange[]>;
  /** The whole file system as tar. */
  export(name: string, options?: CallOptions): Promise<AsyncIterable<Uint8Array>>;
  statPath(name: string, path: string, options?: CallOptions): Promise<t.PathStat>;
  getArchive(name: string, path: string, options?: CallOptions): Promise<ContainerArchive>;
  putArchive(
    name: string,
    path: string,
    tar: AsyncIterable<Uint8Array>,
    options?: CallOptions & { readonly noOverwriteDirNonDir?: boolean; readonly copyUidGid?: boolean },
  ): Promise<void>;
}

/** Execs: further processes in a running container. */
export interface ExecsApi {
  create(container: string, request: t.ExecCreateRequest, options?: CallOptions): Promise<t.IdResponse>;
  /** Starts it and stays attached to it. */
  start(
    id: string,
    request?: t.ExecStartRequest,
    options?: CallOptions & { readonly detachKeys?: string },
  ): Promise<AttachStream>;
  /** Starts it without streams. */
  startDetached(id: string, request?: t.ExecStartRequest, options?: CallOptions): Promise<void>;
  inspect(id: string, options?: CallOptions): Promise<t.ExecInspectResponse>;
  resize(id: string, size: TerminalSize, options?: CallOptions): Promise<void>;
}

/** Options of {@linkcode ImagesApi.list}. */
export interface ImageListOptions extends CallOptions {
  /** Also intermediate images. @default {false} */
  readonly all?: boolean;
  readonly filters?: t.Filters;
  readonly digests?: boolean;
}

/** Options of calls that speak with a registry. */
export interface RegistryOptions extends CallOptions {
  readonly auth?: t.AuthConfig;
  /** `os[/arch[/variant]]`. */
  readonly platform?: string;
}

/** Options of {@linkcode ImagesApi.import}. */
export interface ImageImportOptions extends CallOptions {
  /** Reference to give it, without tag: `latest`. */
  readonly repo?: string;
  readonly tag?: string;
  readonly message?: string;
  /** Dockerfile instructions to apply to its configuration. */
  readonly changes?: readonly string[];
  readonly platform?: string;
}

/** Images. A call that shows progress rejects on its first item if it fails before any progress. */
export interface ImagesApi {
  list(options?: ImageListOptions): Promise<t.ImageSummary[]>;
  inspect(name: string, options?: CallOptions & { readonly manifests?: boolean }): Promise<t.ImageInspect>;
  history(name: string, options?: CallOptions): Promise<t.ImageHistoryItem[]>;
  pull(name: string, options?: RegistryOptions & { readonly tag?: string }): AsyncIterable<t.JsonMessage>;
  push(name: string, options?: RegistryOptions & { readonly tag?: string }): AsyncIterable<t.JsonMessage>;
  import(tar: AsyncIterable<Uint8Array>, options?: ImageImportOptions): AsyncIterable<t.JsonMessage>;
  load(
    tar: AsyncIterable<Uint8Array>,
    options?: CallOptions & { readonly quiet?: boolean; readonly platform?: string },
  ): AsyncIterable<t.JsonMessage>;
  save(names: readonly string[], options?: CallOptions): Promise<AsyncIterable<Uint8Array>>;
  tag(
    name: string,
    target: { readonly repo: string; readonly tag?: string },
    options?: CallOptions,
  ): Promise<void>;
  remove(
    name: string,
    options?: CallOptions & { readonly force?: boolean; readonly noPrune?: boolean },
  ): Promise<t.ImageDeleteItem[]>;
  prune(options?: CallOptions & { readonly filters?: t.Filters }): Promise<t.ImagePruneResponse>;
  /** Asks the registry about an image. */
  distribution(name: string, options?: RegistryOptions): Promise<t.DistributionInspect>;
}

/** Volumes. */
export interface VolumesApi {
  list(options?: CallOptions & { readonly filters?: t.Filters }): Promise<t.VolumeListResponse>;
  create(request: t.VolumeCreateRequest, options?: CallOptions): Promise<t.Volume>;
  inspect(name: string, options?: CallOptions): Promise<t.Volume>;
  remove(name: string, options?: CallOptions & { readonly force?: boolean }): Promise<void>;
  prune(options?: CallOptions & { readonly filters?: t.Filters }): Promise<t.VolumePruneResponse>;
}

/** Networks. */
export interface NetworksApi {
  list(options?: CallOptions & { readonly filters?: t.Filters }): Promise<t.NetworkInspect[]>;
  inspect(name: string, options?: CallOptions): Promise<t.NetworkInspect>;
  create(request: t.NetworkCreateRequest, options?: CallOptions): Promise<t.NetworkCreateResponse>;
  connect(name: string, request: t.NetworkConnectRequest, options?: CallOptions): Promise<void>;
  disconnect(name: string, request: t.NetworkDisconnectRequest, options?: CallOptions): Promise<void>;
  remove(name: string, options?: CallOptions): Promise<void>;
  prune(options?: CallOptions & { readonly filters?: t.Filters }): Promise<t.NetworkPruneResponse>;
}

/** Options of {@linkcode SystemApi.events}. */
export interface EventsOptions extends CallOptions {
  /** Also past events since this time: Unix seconds with fraction, or RFC 3339. */
  readonly since?: string;
  /** Ends at this time. */
  readonly until?: string;
  readonly filters?: t.Filters;
}

/** The engine itself. */
export interface SystemApi {
  ping(options?: CallOptions): Promise<t.PingResponse>;
  version(options?: CallOptions): Promise<t.VersionResponse>;
  info(options?: CallOptions): Promise<t.InfoResponse>;
  /** Resolves when subscribed: nothing that happens later is missed. */
  events(options?: EventsOptions): Promise<AsyncIterable<t.EventMessage>>;
  diskUsage(options?: CallOptions): Promise<t.DiskUsageResponse>;
  auth(config: t.AuthConfig, options?: CallOptions): Promise<t.AuthResponse>;
}

/** The Docker engine. */
export interface Engine extends AsyncDisposable {
  readonly system: SystemApi;
  readonly containers: ContainersApi;
  readonly execs: ExecsApi;
  readonly images: ImagesApi;
  readonly volumes: VolumesApi;
  readonly networks: NetworksApi;
}
