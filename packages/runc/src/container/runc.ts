/**
 * Runc: the OCI runtime in this process, over an injected kernel port.
 *
 * @module
 */
import type {
  CallOptions,
  ContainerRequest,
  ContainerState,
  CreateRequest,
  DeleteRequest,
  ExecRequest,
  KillRequest,
  LaunchedProcess,
  OciRuntime,
  UpdateRequest,
} from "../api/oci_runtime.ts";
import type { CgroupLayout } from "../cgroups/layout.ts";
import type { CgroupStats } from "../cgroups/stats.ts";
import type { CgroupFs } from "../host/cgroup_fs.ts";
import type { Kernel } from "../host/kernel.ts";
import type { Features } from "../oci.ts";
import { create } from "./create.ts";
import { deleteContainer } from "./delete.ts";
import { exec } from "./exec.ts";
import { features } from "./features.ts";
import { kill } from "./kill.ts";
import { list } from "./list.ts";
import { pause, resume } from "./pause.ts";
import { ps } from "./ps.ts";
import { start } from "./start.ts";
import { state } from "./state.ts";
import { stats } from "./stats.ts";
import { update } from "./update.ts";

/** What the verbs of a container depend on. */
export interface RuncDeps {
  /** Runs the launch programs. */
  readonly kernel: Kernel;
  /** Directory of the containers' state. */
  readonly root: string;
  /** The cgroup file systems. */
  readonly cgroupFs: CgroupFs;
  /** What hierarchies there are. */
  readonly layout: CgroupLayout;
}

/**
 * An OCI runtime over a kernel port.
 *
 * @example
 * ```ts ignore
 * import { compose } from "@rt/runc";
 * await using runc = compose({ root: "/run/my-containers" });
 * const { pid } = await runc.create({ id: "web", bundle: "/bundles/web" });
 * await runc.start({ id: "web" });
 * ```
 */
export class Runc implements OciRuntime, AsyncDisposable {
  readonly #deps: RuncDeps;

  /** Uses `deps`; nothing is done yet. */
  constructor(deps: RuncDeps) {
    this.#deps = deps;
  }

  /** {@inheritDoc OciRuntime.create} */
  create(request: CreateRequest, options?: CallOptions): Promise<LaunchedProcess> {
    return create(this.#deps, request, options);
  }

  /** Creates a container whose process does not wait to be started. */
  createStarted(request: CreateRequest, options?: CallOptions): Promise<LaunchedProcess> {
    return create(this.#deps, request, { ...options, started: true });
  }

  /** {@inheritDoc OciRuntime.start} */
  start(request: ContainerRequest, options?: CallOptions): Promise<void> {
    return start(this.#deps, request, options);
  }

  /** {@inheritDoc OciRuntime.exec} */
  exec(request: ExecRequest, options?: CallOptions): Promise<LaunchedProcess> {
    return exec(this.#deps, request, options);
  }

  /** {@inheritDoc OciRuntime.state} */
  async state(request: ContainerRequest): Promise<ContainerState> {
    return state(this.#deps, request);
  }

  /** {@inheritDoc OciRuntime.list} */
  async list(options?: CallOptions): Promise<readonly ContainerState[]> {
    return list(this.#deps, options);
  }

  /** {@inheritDoc OciRuntime.kill} */
  kill(request: KillRequest, options?: CallOptions): Promise<void> {
    return kill(this.#deps, request, options);
  }

  /** {@inheritDoc OciRuntime.delete} */
  delete(request: DeleteRequest, options?: CallOptions): Promise<void> {
    return deleteContainer(this.#deps, request, options);
  }

  /** {@inheritDoc OciRuntime.pause} */
  pause(request: ContainerRequest, options?: CallOptions): Promise<void> {
    return pause(this.#deps, request, options);
  }

  /** {@inheritDoc OciRuntime.resume} */
  resume(request: ContainerRequest, options?: CallOptions): Promise<void> {
    return resume(this.#deps, request, options);
  }

  /** {@inheritDoc OciRuntime.update} */
  update(request: UpdateRequest, options?: CallOptions): Promise<void> {
    return update(this.#deps, request, options);
  }

  /** {@inheritDoc OciRuntime.ps} */
  async ps(request: ContainerRequest): Promise<readonly number[]> {
    return ps(this.#deps, request);
  }

  /** Counters of a container's cgroups. @throws {ContainerStatusError} if it is stopped. */
  stats(request: ContainerRequest): CgroupStats {
    return stats(this.#deps, request);
  }

  /** {@inheritDoc OciRuntime.features} */
  async features(): Promise<Features> {
    return features();
  }

  /** Gives the kernel port back. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#deps.kernel[Symbol.asyncDispose]();
  }
}
