/**
 * Creates a container: record, root snapshot, volumes.
 *
 * Source: moby `daemon/create.go`, `create_unix.go`.
 *
 * @module
 */
import type { ContainerCreateRequest, ContainerCreateResponse } from "../api/types/index.ts";
import { hasCode, InvalidParameterError, RtError } from "../errors.ts";
import { NAMESPACE } from "../image/contents.ts";
import type { LocalImage } from "../image/store.ts";
import { jsonFileOptions } from "../logger/json_file.ts";
import { copyUp } from "../rootfs/copy_up.ts";
import { layersOf } from "../rootfs/layers.ts";
import { formatNano } from "../time.ts";
import { commandOf, fullConfig, mergeConfig } from "./config_merge.ts";
import { type ContainerDeps, publishContainer } from "./deps.ts";
import { checkHostConfig, fullHostConfig } from "./host_config.ts";
import { type MountPoints, makeMountPoints } from "./mount_points.ts";
import { checkName, newId, randomName } from "./names.ts";
import { type Container, type ContainerRecord, containerOf, freshState } from "./record.ts";
import { parseSignal } from "./signals.ts";

/** Where a name goes when nobody chose it. */
const NAME_ATTEMPTS = 6;

/** Holds a name for `id`: the wished one, or a made-up one. */
function reserveName(deps: ContainerDeps, wished: string | undefined, id: string): string {
  if (wished !== undefined && wished !== "") {
    const name = checkName(wished);
    deps.store.reserveName(name, id);
    return name;
  }
  for (let attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
    const name = randomName(attempt);
    if (deps.store.hasName(name)) continue;
    deps.store.reserveName(name, id);
    return name;
  }
  const name = id.slice(0, 12);
  deps.store.reserveName(name, id);
  return name;
}

/** Makes the writable layer. */
async function prepareRoot(
  deps: ContainerDeps,
  id: string,
  image: LocalImage,
): Promise<Awaited<ReturnType<typeof deps.containerd.snapshots.prepare>>> {
  const request = {
    snapshotter: deps.config.snapshotter,
    key: id,
    parent: image.chainId,
    // Kept until we remove it, whatever containerd's garbage collection finds.
    labels: { "containerd.io/gc.root": new Date().toISOString() },
  };
  try {
    return await deps.containerd.snapshots.prepare(request, { namespace: NAMESPACE });
  } catch (err) {
    if (!hasCode(err, "NOT_FOUND")) throw err;
    throw new RtError("NOT_FOUND", `cannot create container: image ${image.id} is not unpacked`, {
      cause: err,
    });
  }
}

/** Removes what a create that failed has made. */
async function undo(
  deps: ContainerDeps,
  id: string,
  name: string,
  points: MountPoints | undefined,
): Promise<void> {
  deps.store.releaseName(name);
  await deps.containerd.snapshots
    .remove({ snapshotter: deps.config.snapshotter, key: id }, { namespace: NAMESPACE })
    .catch(() => {});
  for (const mount of Object.values(points?.mounts ?? {})) {
    if (mount.Anonymous && mount.Name !== undefined) await deps.volumes.remove(mount.Name).catch(() => {});
  }
}

/** The record of a new container. */
function newRecord(
  deps: ContainerDeps,
  id: string,
  name: string,
  image: LocalImage,
  config: ContainerRecord["Config"],
  points: MountPoints,
): ContainerRecord {
  const { path, args } = commandOf(config);
  return {
    ID: id,
    Created: formatNano(deps.clock()),
    Name: `/${name}`,
    Path: path,
    Args: args,
    Config: config,
    Image: image.id,
    ChainId: image.chainId,
    Driver: deps.config.snapshotter,
    OS: "linux",
    State: freshState(),
    MountPoints: points.mounts,
    NetworkSettings: { Networks: {} },
    LogPath: "",
    RestartCount: 0,
    HasBeenStartedBefore: false,
    HasBeenManuallyStopped: false,
  };
}

/** What was asked for at each network; `default` is the network of the mode. */
function endpointsOf(
  asked: ContainerCreateRequest["NetworkingConfig"],
  mode: string,
): ContainerRecord["NetworkSettings"]["Networks"] {
  const endpoints: ContainerRecord["NetworkSettings"]["Networks"] = {};
  for (const [network, endpoint] of Object.entries(asked?.EndpointsConfig ?? {})) {
    endpoints[network === "default" ? mode : network] = endpoint ?? {};
  }
  if (!mode.startsWith("container:")) endpoints[mode] ??= {};
  return endpoints;
}

/** Refuses a request that cannot work. @throws {InvalidParameterError}. */
function checkRequest(request: ContainerCreateRequest): void {
  if ((request.WorkingDir ?? "") !== "" && !request.WorkingDir!.startsWith("/")) {
    throw new InvalidParameterError(
      `the working directory '${request.WorkingDir}' is invalid, it needs to be an absolute path`,
    );
  }
  for (const entry of request.Env ?? []) {
    if (entry === "" || entry.startsWith("="))
      throw new InvalidParameterError(`invalid environment variable: ${entry}`);
  }
  if (request.StopSignal) parseSignal(request.StopSignal);
  if (request.Image === undefined || request.Image === "") {
    throw new InvalidParameterError("no image specified");
  }
}

/**
 * Creates a container.
 *
 * @throws `NOT_FOUND` for an unknown image; `CONFLICT` for a name in use; `INVALID_ARGUMENT` for what cannot work.
 * Nothing is left behind then.
 */
export async function createContainer(
  deps: ContainerDeps,
  request: ContainerCreateRequest,
  options: { readonly name?: string } = {},
): Promise<ContainerCreateResponse> {
  checkRequest(request);
  const { HostConfig, NetworkingConfig, ...asked } = request;
  const hostConfig = fullHostConfig(deps, HostConfig ?? {});
  checkHostConfig(deps, hostConfig);
  if (hostConfig.LogConfig?.Type === "json-file") jsonFileOptions(hostConfig.LogConfig.Config ?? {});
  const image = await deps.images.get(request.Image!);
  const id = newId();
  const config = fullConfig(mergeConfig(asked, image.config.config ?? {}), id);
  if (hostConfig.NetworkMode === "host" && !asked.Hostname) config.Hostname = deps.facts.hostname;
  commandOf(config);

  const name = reserveName(deps, options.name, id);
  let points: MountPoints | undefined;
  let container: Container;
  try {
    const [mounts, made] = await Promise.all([
      prepareRoot(deps, id, image),
      makeMountPoints(
        { volumes: deps.volumes, container: (other) => deps.store.get(other) },
        config,
        hostConfig,
      ).then((found) => (points = found)),
    ]);
    const layers = made.made.length === 0 ? [] : layersOf(mounts);
    await Promise.all(made.made.map((volume) => copyUp(layers, volume.destination, volume.mountpoint)));
    const record = newRecord(deps, id, name, image, config, made);
    record.NetworkSettings.Networks = endpointsOf(NetworkingConfig, hostConfig.NetworkMode ?? "bridge");
    container = containerOf(record, hostConfig);
    await deps.store.add(container);
  } catch (err) {
    await undo(deps, id, name, points);
    throw err;
  }
  publishContainer(deps, container, "create");
  const warnings: string[] = [];
  if (HostConfig?.MemorySwap && HostConfig.MemorySwap > 0 && !deps.facts.swapAccounting) {
    warnings.push(
      "Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.",
    );
  }
  return { Id: id, Warnings: warnings };
}
