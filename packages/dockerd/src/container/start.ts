/**
 * Starts a container: network, spec, FIFOs and log, task.
 *
 * What does not depend on each other runs at once. Whatever fails, everything is taken back.
 * Source: moby `daemon/start.go`.
 *
 * @module
 */
import type { TypedAny } from "@rt/containerd/api";
import { ConflictError, hasCode, RtError } from "../errors.ts";
import { NAMESPACE } from "../image/contents.ts";
import { openLog } from "../logger/open.ts";
import type { Sandbox, SandboxRequest } from "../network/network.ts";
import { layersOf, readTextFile } from "../rootfs/layers.ts";
import { formatNano } from "../time.ts";
import { type ContainerDeps, containerPaths, fifoDir, publishContainer, publishNetworks } from "./deps.ts";
import { writeContainerFiles } from "./files.ts";
import { startHealth } from "./health.ts";
import { fifoPaths, makeFifos, openProcessIo, type ProcessIo, removeFifos } from "./io.ts";
import { joinedNamespaces } from "./join.ts";
import { ociSpec } from "./oci_spec.ts";
import { bareName, type Container } from "./record.ts";
import { removeNow } from "./remove_now.ts";
import { runtimeOf } from "./runtime.ts";
import { mountShm, shmDir, unmountShm } from "./shm.ts";
import { startFailure } from "./start_error.ts";
import { ProcessStreams } from "./streams.ts";
import { deleteTask } from "./task.ts";
import { resolveUser } from "./user.ts";

/** Type of an OCI spec in an Any. */
const SPEC_TYPE = "types.containerd.io/opencontainers/runtime-spec/1/Spec";

/** A value as an Any with JSON in it; 64 bit limits become plain numbers. */
export function jsonAny(typeUrl: string, value: unknown): TypedAny {
  const holder: Record<string, string> = {};
  const text = JSON.stringify(value, (_key, v) => {
    if (typeof v !== "bigint") return v as unknown;
    const mark = `@bigint:${v}`;
    holder[mark] = v.toString();
    return mark;
  });
  const plain = text.replace(/"@bigint:([0-9]+)"/g, "$1");
  return { typeUrl, value: new TextEncoder().encode(plain) };
}

/** What the network controller is asked for. */
export function sandboxRequest(container: Container): SandboxRequest {
  const { record, hostConfig } = container;
  return {
    containerId: container.id,
    name: bareName(container),
    hostname: record.Config.Hostname ?? "",
    domainname: record.Config.Domainname ?? "",
    networkMode: hostConfig.NetworkMode ?? "bridge",
    endpoints: record.NetworkSettings.Networks,
    exposedPorts: record.Config.ExposedPorts ?? {},
    portBindings: hostConfig.PortBindings ?? {},
    publishAllPorts: hostConfig.PublishAllPorts === true,
    dns: hostConfig.Dns ?? [],
    dnsSearch: hostConfig.DnsSearch ?? [],
    dnsOptions: hostConfig.DnsOptions ?? [],
    sysctls: hostConfig.Sysctls ?? {},
  };
}

/** The container whose network `container` joins, if it does. */
function networkOwner(deps: ContainerDeps, container: Container): Container | undefined {
  const mode = container.hostConfig.NetworkMode ?? "";
  return mode.startsWith("container:") ? deps.store.get(mode.slice("container:".length)) : undefined;
}

/** The sandbox of a container that joins another one's: nothing is made, and it gets the other one's names. */
async function allocate(deps: ContainerDeps, container: Container): Promise<Sandbox> {
  const owner = networkOwner(deps, container);
  if (owner === undefined) return await deps.networks.allocate(sandboxRequest(container));
  const theirs = owner.record.Sandbox;
  container.record.Config.Hostname = owner.record.Config.Hostname ?? "";
  container.record.Config.Domainname = owner.record.Config.Domainname ?? "";
  return {
    namespace: { kind: "host" },
    id: "",
    key: "",
    endpoints: {},
    ports: {},
    hostsLines: theirs?.hostsLines ?? [],
    resolvConf: theirs?.resolvConf ?? "",
  };
}

/** Starts `container`; false if it runs already. */
export async function startContainer(deps: ContainerDeps, container: Container): Promise<boolean> {
  return await container.lock.run(async () => {
    const { State } = container.record;
    if (State.Paused) throw new ConflictError("cannot start a paused container, try unpause instead");
    if (State.Running) return false;
    if (State.RemovalInProgress || State.Dead) {
      throw new ConflictError("container is marked for removal and cannot be started");
    }
    container.cancelRestart?.();
    container.record.HasBeenManuallyStopped = false;
    container.record.RestartCount = 0;
    container.backoffMs = 0;
    await launch(deps, container);
    return true;
  });
}

/** What was made for a start, so that it can be taken back. */
interface Made {
  io?: ProcessIo;
  closeLog?: () => void;
  taskTried?: boolean;
}

/** Starts `container`, whose lock is held. @throws with Docker's text; the container is as before then. */
export async function launch(deps: ContainerDeps, container: Container): Promise<void> {
  const made: Made = {};
  try {
    await launchSteps(deps, container, made);
  } catch (err) {
    const { exitCode, error } = startFailure(err, made.taskTried === true);
    await takeBack(deps, container, made);
    const { State } = container.record;
    State.Running = false;
    State.Restarting = false;
    State.Pid = 0;
    State.ExitCode = exitCode;
    State.Error = error.message;
    await deps.store.save(container);
    if (container.hostConfig.AutoRemove) {
      await removeNow(deps, container, { volumes: true });
    }
    throw error;
  }
}

/** The steps of a start. */
async function launchSteps(deps: ContainerDeps, container: Container, made: Made): Promise<void> {
  const { record, hostConfig } = container;
  const { containerd, config } = deps;
  const call = { namespace: NAMESPACE };
  const paths = containerPaths(deps, container);
  const fifos = fifoPaths({
    dir: fifoDir(deps, container.id),
    name: "init",
    stdin: record.Config.OpenStdin === true,
    tty: record.Config.Tty === true,
  });
  const joined = joinedNamespaces(deps, container);
  const network = allocate(deps, container).then(async (sandbox) => {
    record.Sandbox = sandbox;
    publishNetworks(deps, container, "connect");
    const theirs = networkOwner(deps, container)?.record.Sandbox;
    await writeContainerFiles(container, paths, sandbox, (theirs ?? sandbox).namespace.kind === "host");
    return sandbox;
  });
  const root = containerd.snapshots
    .mounts({ snapshotter: config.snapshotter, key: container.id }, call)
    .then(async (mounts) => {
      const layers = layersOf(mounts);
      const [passwd, group] = await Promise.all([
        readTextFile(layers, "/etc/passwd"),
        readTextFile(layers, "/etc/group"),
      ]);
      return {
        mounts,
        user: resolveUser(record.Config.User ?? "", { passwd, group }, hostConfig.GroupAdd ?? []),
      };
    });
  const ready = await Promise.allSettled([
    network,
    root,
    makeFifos(deps.kernel, fifoDir(deps, container.id), fifos),
    mountShm(deps, container),
  ]);
  for (const step of ready) if (step.status === "rejected") throw step.reason;
  const [sandbox, { mounts, user }] = [await network, await root];

  const shmPath = joined.shmPath ?? shmDir(deps, container);
  const spec = ociSpec({
    container,
    user,
    sandbox,
    paths,
    mounts: Object.values(record.MountPoints),
    joined: joined.namespaces,
    ...(shmPath === undefined ? {} : { shmPath }),
    ...(hostConfig.Init ? { initPath: config.initPath } : {}),
    cgroupParent: config.cgroupParent,
    cgroupVersion: deps.facts.cgroupVersion,
    availableCapabilities: deps.facts.capabilities,
    dataRoot: config.dataRoot,
  });
  const runtime = runtimeOf(deps, hostConfig.Runtime ?? "");
  const input = {
    id: container.id,
    labels: {},
    image: record.Config.Image ?? "",
    runtime,
    spec: jsonAny(SPEC_TYPE, spec),
    snapshotter: config.snapshotter,
    snapshotKey: container.id,
  };
  record.LogPath = hostConfig.LogConfig?.Type === "json-file" ? paths.log : "";
  const log = openLog(hostConfig.LogConfig ?? {}, paths.log, deps.clock);
  made.closeLog = () => log.close();
  container.log = log;
  const io = openProcessIo(
    fifos,
    container.streams,
    (chunk) => log.write(chunk),
    () => containerd.tasks.closeIo({ containerId: container.id, stdin: true }, call),
  );
  made.io = io;
  made.taskTried = true;
  await containerd.containers.create(input, call).catch(async (err) => {
    if (!hasCode(err, "ALREADY_EXISTS")) throw err;
    // Left by an engine that was killed between two steps.
    await deleteTask(deps, container.id);
    await containerd.containers.create(input, call);
  });
  const { pid } = await containerd.tasks.create(
    {
      containerId: container.id,
      rootfs: mounts,
      ...fifos,
      ...(runtime.options === undefined ? {} : { options: runtime.options }),
    },
    call,
  );
  await containerd.tasks.start({ containerId: container.id }, call);
  await io.release();

  container.io = io;
  container.startedAtMs = performance.now();
  record.HasBeenStartedBefore = true;
  Object.assign(record.State, {
    Running: true,
    Paused: false,
    Restarting: false,
    OOMKilled: false,
    Dead: false,
    Pid: pid,
    ExitCode: 0,
    Error: "",
    StartedAt: formatNano(deps.clock()),
  });
  await deps.store.save(container);
  startHealth(deps, container);
  publishContainer(deps, container, "start");
}

/** Takes back what a start that failed has made. */
async function takeBack(deps: ContainerDeps, container: Container, made: Made): Promise<void> {
  const quiet = async (work: Promise<unknown> | undefined): Promise<void> => {
    await work?.catch((err) => deps.log.debug("cannot take back a start", { container: container.id, err }));
  };
  if (made.taskTried) await quiet(deleteTask(deps, container.id));
  await quiet(unmountShm(deps, container));
  await quiet(made.io?.close());
  made.closeLog?.();
  container.log = undefined;
  await quiet(
    removeFifos(fifoPaths({ dir: fifoDir(deps, container.id), name: "init", stdin: true, tty: false })),
  );
  if (container.record.Sandbox !== undefined) publishNetworks(deps, container, "disconnect");
  await quiet(deps.networks.release(container.id));
  delete container.record.Sandbox;
  container.streams.end();
  container.streams = new ProcessStreams();
}

/** Refuses a call that needs a running container. @throws `CONFLICT` with Docker's text. */
export function requireRunning(container: Container): void {
  const { State } = container.record;
  if (!State.Running) throw new ConflictError(`container ${container.id} is not running`);
  if (State.Restarting) {
    throw new ConflictError(`Container ${container.id} is restarting, wait until the container is running`);
  }
}

/** Refuses a call on a container that is being removed. */
export function requirePresent(container: Container): void {
  if (container.record.State.RemovalInProgress) {
    throw new RtError("CONFLICT", `container ${container.id} is marked for removal`);
  }
}
