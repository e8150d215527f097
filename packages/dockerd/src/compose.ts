/**
 * The engine's parts, joined.
 *
 * @module
 */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Containerd } from "@rt/containerd/api";
import type { Engine } from "./api/engine.ts";
import { type EngineConfig, resolveRuntimes } from "./config.ts";
import { createContainers } from "./container/containers.ts";
import type { ContainerDeps } from "./container/deps.ts";
import { monitorContainerd } from "./container/monitor.ts";
import { newId } from "./container/names.ts";
import { restoreContainers } from "./container/restore.ts";
import { stopContainer } from "./container/stop.ts";
import { openContainerStore, writeAtomically } from "./container/store.ts";
import { hasCode } from "./errors.ts";
import { createEventHub } from "./events/hub.ts";
import { createExecs } from "./exec/exec.ts";
import { linuxNftables } from "./host/nftables.ts";
import { NAMESPACE } from "./image/contents.ts";
import { createImages, type ImagesDeps } from "./image/images.ts";
import { createImageSizes } from "./image/sizes.ts";
import { createImageStore } from "./image/store.ts";
import { initElf, type Kernel, portKernel } from "./kernel.ts";
import { networkController } from "./network/controller.ts";
import type { NetworkController } from "./network/network.ts";
import { type Logger, silentLogger } from "./oci.ts";
import { readHostFacts } from "./system/host_facts.ts";
import { createSystem } from "./system/system.ts";
import { createNanoClock } from "./time.ts";
import { openVolumes } from "./volume/volumes.ts";

/** Link of the default bridge. */
const DEFAULT_BRIDGE = "docker0";

/** Its address if nobody says. */
const DEFAULT_BRIDGE_ADDRESS = "172.17.0.1/16";

/** What an engine is made of. */
export interface ComposeOptions {
  readonly config: EngineConfig;
  /** The containerd to use; it stays the caller's. */
  readonly containerd: Containerd;
  /** The kernel port. @default a port process of the engine's own */
  readonly kernel?: Kernel;
  /** Networks. @default those of the configuration */
  readonly networks?: NetworkController;
  readonly log?: Logger;
}

/** An engine in this process. */
export interface LocalEngine extends Engine {
  /** Stops the containers, as the engine does when it ends without live restore. */
  stopContainers(): Promise<void>;
}

/** The id of the engine, made once for a data root. */
async function engineIdOf(root: string): Promise<string> {
  const path = join(root, "engine-id");
  const kept = await readFile(path, "utf8").catch(() => "");
  if (kept !== "") return kept.trim();
  const id = newId()
    .slice(0, 32)
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  await writeAtomically(path, id);
  return id;
}

/** Whether a containerd is one of this stack, which has our runtime. */
async function isOurs(containerd: Containerd): Promise<boolean> {
  const stores = await containerd.introspection.plugins(["type==io.containerd.metadata.v1"]);
  return stores.some((plugin) => plugin.id !== "bolt");
}

/** The networks that the configuration asks for. */
function networksOf(config: EngineConfig, kernel: Kernel, log: Logger): NetworkController {
  return networkController(
    { kernel, nft: linuxNftables(), log },
    {
      netnsDir: join(config.execRoot, "netns"),
      dataDir: join(config.dataRoot, "network"),
      bridge: config.bridge || DEFAULT_BRIDGE,
      bridgeAddress: config.bridgeIp || DEFAULT_BRIDGE_ADDRESS,
      firewall: config.firewall,
      userlandProxy: config.userlandProxy,
      ipForward: config.ipForward,
    },
  );
}

/** The program for `--init`: the configured one, or ours, written where programs can be executed from. */
async function initProgram(config: EngineConfig): Promise<string> {
  if (config.initPath !== "") return config.initPath;
  const path = join(config.dataRoot, "docker-init");
  if (process.arch !== "x64" && process.arch !== "arm64") return path;
  await writeFile(`${path}.tmp`, initElf(process.arch), { mode: 0o755 });
  await rename(`${path}.tmp`, path);
  return path;
}

/** Makes the namespace if it is not there. */
async function ensureNamespace(containerd: Containerd): Promise<void> {
  await containerd.namespaces.create({ name: NAMESPACE, labels: {} }).catch((err) => {
    if (!hasCode(err, "ALREADY_EXISTS")) throw err;
  });
}

/**
 * Joins the parts and restores what an earlier engine left.
 *
 * Disposing it leaves the containers running; {@linkcode LocalEngine.stopContainers} stops them.
 */
export async function composeEngine(options: ComposeOptions): Promise<LocalEngine> {
  const { containerd } = options;
  const log = options.log ?? silentLogger;
  await using stack = new AsyncDisposableStack();
  await mkdir(options.config.dataRoot, { recursive: true, mode: 0o710 });
  await mkdir(options.config.execRoot, { recursive: true, mode: 0o710 });
  const config = { ...options.config, initPath: await initProgram(options.config) };
  const clock = createNanoClock();
  const kernel = options.kernel ?? stack.use(portKernel({ name: "rt-docker-port" }));
  const events = createEventHub(clock);
  const { runtimes, defaultRuntime } = resolveRuntimes(config, await isOurs(containerd));
  const [facts, engineId, store] = await Promise.all([
    readHostFacts(),
    engineIdOf(config.dataRoot),
    openContainerStore(join(config.dataRoot, "containers"), { log }),
    ensureNamespace(containerd),
  ]);
  const imageStore = createImageStore(containerd, { log });
  const volumes = await openVolumes({
    root: join(config.dataRoot, "volumes"),
    clock,
    events,
    usersOf: (name) =>
      store
        .all()
        .flatMap((c) => (Object.values(c.record.MountPoints).some((m) => m.Name === name) ? [c.id] : [])),
  });
  const networks = options.networks ?? stack.use(networksOf(config, kernel, log));
  let stopping = false;

  const deps: ContainerDeps = {
    containerd,
    config,
    runtimes,
    defaultRuntime,
    facts,
    store,
    images: imageStore,
    volumes,
    networks,
    events,
    kernel,
    probe: (container, command, timeoutMs) => execs.probe(container, command, timeoutMs),
    clock,
    stopping: () => stopping,
    log,
  };
  const execs = createExecs(deps);
  const imageDeps: ImagesDeps = {
    containerd,
    store: imageStore,
    sizes: createImageSizes(containerd, config.snapshotter),
    snapshotter: config.snapshotter,
    events,
    insecureRegistries: config.insecureRegistries,
    registryMirrors: config.registryMirrors,
    containersOf: (id) => store.all().filter((container) => container.record.Image === id),
    log,
  };
  const containers = createContainers(deps);
  const images = createImages(imageDeps);
  const monitor = new AbortController();
  const monitoring = monitorContainerd(deps, execs, monitor.signal);
  stack.defer(async () => {
    monitor.abort();
    await monitoring;
  });
  await restoreContainers(deps);
  const system = createSystem({
    containerd,
    config,
    containers: store,
    images: imageStore,
    events,
    clock,
    runtimes,
    defaultRuntime,
    engineId,
    api: () => ({ containers, images, volumes }),
  });
  const owned = stack.move();
  return {
    system,
    containers,
    execs,
    images,
    volumes,
    networks,
    async stopContainers() {
      stopping = true;
      const running = store.all().filter((container) => container.record.State.Running);
      const limit = config.shutdownTimeoutSeconds;
      await Promise.allSettled(
        running.map(async (container) => {
          const manually = container.record.HasBeenManuallyStopped;
          const seconds = Math.min(container.record.Config.StopTimeout ?? 10, limit);
          await stopContainer(deps, container, { timeoutSeconds: seconds });
          // It was not the user who stopped it: its policy may start it with the next engine.
          container.record.HasBeenManuallyStopped = manually;
          // Its end is dealt with completely before the parts below go.
          await container.lock.run(() => store.save(container));
        }),
      );
    },
    async [Symbol.asyncDispose]() {
      stopping = true;
      await owned[Symbol.asyncDispose]();
      for (const container of store.all()) {
        container.stopHealth?.();
        await container.io?.close();
      }
    },
  };
}
