/**
 * ShimClient: the task service of a shim in another process, over ttrpc.
 *
 * @module
 */

import { Task as TaskV2 } from "../api/gen/containerd/task/v2/task_pb.ts";
import { Task as TaskV3 } from "../api/gen/containerd/task/v3/task_pb.ts";
import type {
  CallOptions,
  CheckpointTaskRequest,
  CloseIoRequest,
  CreateTaskRequest,
  ExecProcessRequest,
  ExitStatus,
  KillRequest,
  ProcessExit,
  ProcessInfo,
  ProcessRef,
  ProcessState,
  ResizePtyRequest,
  ShimInfo,
  TaskService,
  UpdateTaskRequest,
} from "../api/task_service.ts";
import type { TypedValue } from "../api/typed_value.ts";
import { fromAny, fromExit, fromState, toAny, toCreateRequest, toExecRequest } from "../api/wire.ts";
import { dialUnix } from "../host/unix_socket.ts";
import { TtrpcConnection } from "../ttrpc/client.ts";
import { makeMetadata, NAMESPACE_KEY } from "../ttrpc/metadata.ts";
import type { TtrpcClient } from "../ttrpc/service.ts";

/** Where a shim listens and what it speaks. */
export interface ShimAddress {
  /** e.g. `unix:///run/containerd/s/…`. */
  readonly address: string;
  /** Version of the Task API. Range: 2–3. */
  readonly version: number;
  readonly protocol: "ttrpc";
}

const ref = ({ id, execId = "" }: ProcessRef): { id: string; execId: string } => ({ id, execId });

/** A task service over ttrpc. */
export class ShimClient implements TaskService, AsyncDisposable {
  readonly #connection: TtrpcConnection;
  readonly #task: TtrpcClient<typeof TaskV2>;

  /** Speaks over `connection`, which belongs to the client from now on; `namespace` is containerd's. */
  constructor(connection: TtrpcConnection, namespace: string, version: number = 2) {
    this.#connection = connection;
    // v3 has the same methods and messages under another service name.
    const service = (version >= 3 ? TaskV3 : TaskV2) as typeof TaskV2;
    this.#task = connection.client(service, { metadata: makeMetadata({ [NAMESPACE_KEY]: namespace }) });
  }

  /**
   * Connects to a shim.
   *
   * @throws {RtError} `UNAVAILABLE` if nobody listens at its address.
   */
  static async connect(
    shim: ShimAddress,
    namespace: string,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<ShimClient> {
    const socket = await dialUnix(shim.address, options);
    return new ShimClient(new TtrpcConnection(socket), namespace, shim.version);
  }

  /** Resolves when the connection has ended: the shim is gone, or this client was disposed. */
  get closed(): Promise<void> {
    return this.#connection.closed;
  }

  async state(request: ProcessRef, options?: CallOptions): Promise<ProcessState> {
    return fromState(await this.#task.state(ref(request), options));
  }

  async create(request: CreateTaskRequest, options?: CallOptions): Promise<{ readonly pid: number }> {
    const { pid } = await this.#task.create(toCreateRequest(request), options);
    return { pid };
  }

  async start(request: ProcessRef, options?: CallOptions): Promise<{ readonly pid: number }> {
    const { pid } = await this.#task.start(ref(request), options);
    return { pid };
  }

  async delete(request: ProcessRef, options?: CallOptions): Promise<ProcessExit> {
    const answer = await this.#task.delete(ref(request), options);
    return { pid: answer.pid, ...fromExit(answer) };
  }

  async pids(request: { readonly id: string }, options?: CallOptions): Promise<readonly ProcessInfo[]> {
    const { processes } = await this.#task.pids({ id: request.id }, options);
    return processes.map(({ pid, info }) => ({
      pid,
      ...(info === undefined ? {} : { info: fromAny(info) }),
    }));
  }

  async pause(request: { readonly id: string }, options?: CallOptions): Promise<void> {
    await this.#task.pause({ id: request.id }, options);
  }

  async resume(request: { readonly id: string }, options?: CallOptions): Promise<void> {
    await this.#task.resume({ id: request.id }, options);
  }

  async checkpoint(request: CheckpointTaskRequest, options?: CallOptions): Promise<void> {
    const { id, path, options: details } = request;
    await this.#task.checkpoint(
      { id, path, ...(details === undefined ? {} : { options: toAny(details) }) },
      options,
    );
  }

  async kill(request: KillRequest, options?: CallOptions): Promise<void> {
    await this.#task.kill({ ...ref(request), signal: request.signal, all: request.all ?? false }, options);
  }

  async exec(request: ExecProcessRequest, options?: CallOptions): Promise<void> {
    await this.#task.exec(toExecRequest(request), options);
  }

  async resizePty(request: ResizePtyRequest, options?: CallOptions): Promise<void> {
    await this.#task.resizePty({ ...ref(request), width: request.width, height: request.height }, options);
  }

  async closeIo(request: CloseIoRequest, options?: CallOptions): Promise<void> {
    await this.#task.closeIO({ ...ref(request), stdin: request.stdin }, options);
  }

  async update(request: UpdateTaskRequest, options?: CallOptions): Promise<void> {
    const { id, resources, annotations = {} } = request;
    await this.#task.update(
      { id, annotations, ...(resources === undefined ? {} : { resources: toAny(resources) }) },
      options,
    );
  }

  async wait(request: ProcessRef, options?: CallOptions): Promise<ExitStatus> {
    return fromExit(await this.#task.wait(ref(request), options));
  }

  async stats(request: { readonly id: string }, options?: CallOptions): Promise<TypedValue> {
    const { stats } = await this.#task.stats({ id: request.id }, options);
    return stats === undefined ? { typeUrl: "", value: new Uint8Array(0) } : fromAny(stats);
  }

  async connect(request: { readonly id: string }, options?: CallOptions): Promise<ShimInfo> {
    const { shimPid, taskPid, version } = await this.#task.connect({ id: request.id }, options);
    return { shimPid, taskPid, version };
  }

  async shutdown(
    request: { readonly id: string; readonly now?: boolean },
    options?: CallOptions,
  ): Promise<void> {
    await this.#task.shutdown({ id: request.id, now: request.now ?? false }, options);
  }

  /** Ends the connection; the shim lives on. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
  }
}
