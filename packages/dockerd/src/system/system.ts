/**
 * The engine itself: ping, version, info, disk usage, events.
 *
 * Source: moby `daemon/info.go`, `cmd/dockerd`.
 *
 * @module
 */
import type { Containerd } from "@rt/containerd/api";
import type { ContainersApi, ImagesApi, SystemApi, VolumesApi } from "../api/engine.ts";
import type { InfoResponse, RuntimeInfo, VersionResponse } from "../api/types/index.ts";
import { API_VERSION, ENGINE_VERSION, MIN_API_VERSION } from "../api/version.ts";
import type { EngineConfig } from "../config.ts";
import { statusOf } from "../container/record.ts";
import type { ContainerStore } from "../container/store.ts";
import { NotImplementedError } from "../errors.ts";
import type { EventHub } from "../events/hub.ts";
import { NAMESPACE } from "../image/contents.ts";
import type { ImageStore } from "../image/store.ts";
import { formatNano, type NanoClock } from "../time.ts";
import { type HostFacts, readHostFacts } from "./host_facts.ts";

/** What the calls need. */
export interface SystemDeps {
  readonly containerd: Pick<Containerd, "version">;
  readonly config: EngineConfig;
  readonly containers: ContainerStore;
  readonly images: ImageStore;
  readonly events: EventHub;
  readonly clock: NanoClock;
  readonly runtimes: Readonly<Record<string, RuntimeInfo>>;
  readonly defaultRuntime: string;
  /** Id of this engine, kept over restarts. */
  readonly engineId: string;
  /** The nouns that disk usage sums up. */
  readonly api: () => { containers: ContainersApi; images: ImagesApi; volumes: VolumesApi };
}

/** Architecture as Go names it. */
function goArch(): string {
  return process.arch === "x64" ? "amd64" : process.arch;
}

/** Reply to `GET /version`. */
async function version({ containerd }: SystemDeps, facts: HostFacts): Promise<VersionResponse> {
  const below = await containerd.version().catch(() => ({ version: "unknown", revision: "" }));
  const engine = `${process.versions.bun === undefined ? "node" : "bun"} ${process.versions.bun ?? process.versions.node}`;
  return {
    Platform: { Name: "@rt" },
    Components: [
      {
        Name: "Engine",
        Version: ENGINE_VERSION,
        Details: {
          ApiVersion: API_VERSION,
          Arch: goArch(),
          BuildTime: "",
          Experimental: "false",
          GitCommit: "",
          GoVersion: engine,
          KernelVersion: facts.kernelVersion,
          MinAPIVersion: MIN_API_VERSION,
          Os: "linux",
        },
      },
      { Name: "containerd", Version: below.version, Details: { GitCommit: below.revision } },
    ],
    Version: ENGINE_VERSION,
    ApiVersion: API_VERSION,
    MinAPIVersion: MIN_API_VERSION,
    GitCommit: "",
    GoVersion: engine,
    Os: "linux",
    Arch: goArch(),
    KernelVersion: facts.kernelVersion,
    BuildTime: "",
  };
}

/** Reply to `GET /info`. */
async function info(deps: SystemDeps, facts: HostFacts): Promise<InfoResponse> {
  const { config, clock } = deps;
  const counts = { running: 0, paused: 0, stopped: 0 };
  for (const container of deps.containers.all()) {
    const status = statusOf(container.record.State);
    if (status === "running" || status === "restarting") counts.running++;
    else if (status === "paused") counts.paused++;
    else counts.stopped++;
  }
  const [images, below] = await Promise.all([
    deps.images.list(),
    deps.containerd.version().catch(() => ({ version: "", revision: "" })),
  ]);
  const has = (controller: string): boolean => facts.controllers.has(controller);
  return {
    ID: deps.engineId,
    Containers: deps.containers.size,
    ContainersRunning: counts.running,
    ContainersPaused: counts.paused,
    ContainersStopped: counts.stopped,
    Images: images.length,
    Driver: config.snapshotter,
    DriverStatus: [["driver-type", "io.containerd.snapshotter.v1"]],
    Plugins: {
      Volume: ["local"],
      Network: ["bridge", "host", "null"],
      Authorization: null,
      Log: ["json-file", "none"],
    },
    MemoryLimit: has("memory"),
    SwapLimit: has("memory") && facts.swapAccounting,
    CpuCfsPeriod: has("cpu"),
    CpuCfsQuota: has("cpu"),
    CPUShares: has("cpu"),
    CPUSet: has("cpuset"),
    PidsLimit: has("pids"),
    IPv4Forwarding: facts.ipForward,
    Debug: config.debug,
    NFd: 0,
    OomKillDisable: facts.cgroupVersion === "1" && has("memory"),
    NGoroutines: 0,
    SystemTime: formatNano(clock()),
    LoggingDriver: config.logDriver,
    CgroupDriver: "cgroupfs",
    CgroupVersion: facts.cgroupVersion,
    NEventsListener: deps.events.listeners,
    KernelVersion: facts.kernelVersion,
    OperatingSystem: facts.operatingSystem,
    OSVersion: facts.osVersion,
    OSType: "linux",
    Architecture: facts.machine,
    IndexServerAddress: "https://index.docker.io/v1/",
    RegistryConfig: {
      InsecureRegistryCIDRs: ["::1/128", "127.0.0.0/8"],
      IndexConfigs: {
        "docker.io": {
          Name: "docker.io",
          Mirrors: [...config.registryMirrors],
          Secure: true,
          Official: true,
        },
      },
      Mirrors: [...config.registryMirrors],
    },
    NCPU: facts.cpus,
    MemTotal: facts.memory,
    GenericResources: null,
    DockerRootDir: config.dataRoot,
    HttpProxy: "",
    HttpsProxy: "",
    NoProxy: "",
    Name: facts.hostname,
    Labels: [...config.labels],
    ExperimentalBuild: false,
    ServerVersion: ENGINE_VERSION,
    Runtimes: Object.fromEntries(
      Object.entries(deps.runtimes).map(([name, runtime]) => [name, { ...runtime }]),
    ),
    DefaultRuntime: deps.defaultRuntime,
    Swarm: {
      NodeID: "",
      NodeAddr: "",
      LocalNodeState: "inactive",
      ControlAvailable: false,
      Error: "",
      RemoteManagers: null,
    },
    LiveRestoreEnabled: config.liveRestore,
    Isolation: "",
    InitBinary: "rt-docker-init",
    ContainerdCommit: { ID: below.revision || below.version },
    RuncCommit: { ID: "" },
    InitCommit: { ID: "" },
    SecurityOptions: ["name=seccomp,profile=builtin"],
    Containerd: {
      ...(config.containerd === undefined ? {} : { Address: config.containerd }),
      Namespaces: { Containers: NAMESPACE, Plugins: `plugins.${NAMESPACE}` },
    },
    Warnings: facts.swapAccounting ? null : ["WARNING: No swap limit support"],
  };
}

/** The system calls of the engine. */
export function createSystem(deps: SystemDeps): SystemApi {
  return {
    ping: async () => ({
      apiVersion: API_VERSION,
      osType: "linux",
      experimental: false,
      builderVersion: "1",
    }),
    version: async () => version(deps, await readHostFacts()),
    info: async () => info(deps, await readHostFacts()),
    events: async (options = {}) => deps.events.subscribe(options),
    async diskUsage() {
      const { containers, images, volumes } = deps.api();
      const [allContainers, allImages, allVolumes] = await Promise.all([
        containers.list({ all: true, size: true }),
        images.list({ all: true }),
        volumes.list(),
      ]);
      return {
        LayersSize: allImages.reduce((sum, image) => sum + image.Size, 0),
        Images: allImages.map((image) => ({
          ...image,
          SharedSize: 0,
          Containers: allContainers.filter((c) => c.ImageID === image.Id).length,
        })),
        Containers: allContainers,
        Volumes: allVolumes.Volumes,
        BuildCache: [],
      };
    },
    async auth() {
      throw new NotImplementedError("login is not supported: credentials go with each pull and push");
    },
  };
}
