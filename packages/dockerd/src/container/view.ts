/**
 * What list and inspect show of a container.
 *
 * Source: moby `daemon/inspect.go`, `daemon/list.go`, `daemon/container/state.go` (String).
 *
 * @module
 */
import type {
  ContainerInspect,
  ContainerState,
  ContainerSummary,
  MountPoint,
  NetworkSettings,
  Port,
  PortMap,
} from "../api/types/index.ts";
import { ZERO_TIME } from "../time.ts";
import { type Container, type MountRecord, type StateRecord, statusOf } from "./record.ts";
import { humanDuration } from "./units.ts";

/** Where the files of a container are. */
export interface ContainerPaths {
  readonly dir: string;
  readonly hostname: string;
  readonly hosts: string;
  readonly resolvConf: string;
  readonly log: string;
}

/** The files of the container `id` in `dir`. */
export function pathsOf(dir: string, id: string): ContainerPaths {
  return {
    dir,
    hostname: `${dir}/hostname`,
    hosts: `${dir}/hosts`,
    resolvConf: `${dir}/resolv.conf`,
    log: `${dir}/${id}-json.log`,
  };
}

/** Seconds since an RFC 3339 time. */
function secondsSince(time: string, nowMs: number): number {
  return Math.max(0, (nowMs - Date.parse(time)) / 1000);
}

/** The state in words, e.g. `Up 3 minutes`. */
export function stateText(state: StateRecord, nowMs: number): string {
  const health = state.Health?.Status;
  if (state.Running) {
    const up = `Up ${humanDuration(secondsSince(state.StartedAt, nowMs))}`;
    if (state.Paused) return `${up} (Paused)`;
    if (state.Restarting) {
      return `Restarting (${state.ExitCode}) ${humanDuration(secondsSince(state.FinishedAt, nowMs))} ago`;
    }
    if (health === undefined || health === "none") return up;
    return `${up} (${health === "starting" ? "health: starting" : health})`;
  }
  if (state.RemovalInProgress) return "Removal In Progress";
  if (state.Dead) return "Dead";
  if (state.Restarting) {
    return `Restarting (${state.ExitCode}) ${humanDuration(secondsSince(state.FinishedAt, nowMs))} ago`;
  }
  if (state.StartedAt === ZERO_TIME) return "Created";
  if (state.FinishedAt === ZERO_TIME) return "";
  return `Exited (${state.ExitCode}) ${humanDuration(secondsSince(state.FinishedAt, nowMs))} ago`;
}

/** A mount without what only the engine knows. */
function mountView(mount: MountRecord): MountPoint {
  const { Type, Name, Source, Destination, Driver, Mode, RW, Propagation } = mount;
  return {
    Type,
    ...(Name === undefined ? {} : { Name }),
    Source,
    Destination,
    ...(Driver === undefined ? {} : { Driver }),
    Mode,
    RW,
    Propagation,
  };
}

/** Mounts as inspect shows them. */
function mountViews(container: Container): MountPoint[] {
  return Object.values(container.record.MountPoints).map(mountView);
}

/** Ports as the list shows them: one entry per binding, and one for each that is only exposed. */
export function portList(ports: PortMap): Port[] {
  return Object.entries(ports).flatMap(([name, bindings]): Port[] => {
    const [number, type = "tcp"] = name.split("/");
    const PrivatePort = Number(number);
    if (bindings === null || bindings.length === 0) return [{ PrivatePort, Type: type }];
    return bindings.map((b) => ({
      ...(b.HostIp === undefined ? {} : { IP: b.HostIp }),
      PrivatePort,
      PublicPort: Number(b.HostPort ?? 0),
      Type: type,
    }));
  });
}

/** The command in one line, as the list shows it. */
function commandText(container: Container): string {
  const words = container.record.Args.map((word) => (/[\s"']/.test(word) ? `'${word}'` : word));
  return [container.record.Path, ...words].join(" ");
}

/** The container in the list. */
export function summaryOf(container: Container, nowMs: number): ContainerSummary {
  const { record, hostConfig } = container;
  return {
    Id: container.id,
    Names: [record.Name],
    Image: record.Config.Image ?? "",
    ImageID: record.Image,
    Command: commandText(container),
    Created: Math.floor(Date.parse(record.Created) / 1000),
    Ports: portList(record.Sandbox?.ports ?? {}),
    Labels: record.Config.Labels ?? {},
    State: statusOf(record.State),
    Status: stateText(record.State, nowMs),
    HostConfig: { NetworkMode: hostConfig.NetworkMode ?? "default" },
    NetworkSettings: { Networks: networksView(container) },
    Mounts: mountViews(container),
  };
}

/** Endpoints with every field that inspect shows. */
function networksView(container: Container): NetworkSettings["Networks"] {
  const { Sandbox, NetworkSettings } = container.record;
  const endpoints = Sandbox?.endpoints ?? NetworkSettings.Networks;
  return Object.fromEntries(
    Object.entries(endpoints).map(([name, endpoint]) => [
      name,
      {
        IPAMConfig: null,
        Links: null,
        Aliases: null,
        MacAddress: "",
        DriverOpts: null,
        GwPriority: 0,
        NetworkID: "",
        EndpointID: "",
        Gateway: "",
        IPAddress: "",
        IPPrefixLen: 0,
        IPv6Gateway: "",
        GlobalIPv6Address: "",
        GlobalIPv6PrefixLen: 0,
        DNSNames: null,
        ...endpoint,
      },
    ]),
  );
}

/** Network state as inspect shows it; the top-level fields repeat those of the default bridge. */
function networkSettings(container: Container): NetworkSettings {
  const { Sandbox } = container.record;
  const Networks = networksView(container);
  const bridge = Networks.bridge;
  return {
    Bridge: "",
    SandboxID: Sandbox?.id ?? "",
    SandboxKey: Sandbox?.key ?? "",
    Ports: { ...(Sandbox?.ports ?? {}) },
    HairpinMode: false,
    LinkLocalIPv6Address: "",
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: bridge?.EndpointID ?? "",
    Gateway: bridge?.Gateway ?? "",
    GlobalIPv6Address: bridge?.GlobalIPv6Address ?? "",
    GlobalIPv6PrefixLen: bridge?.GlobalIPv6PrefixLen ?? 0,
    IPAddress: bridge?.IPAddress ?? "",
    IPPrefixLen: bridge?.IPPrefixLen ?? 0,
    IPv6Gateway: bridge?.IPv6Gateway ?? "",
    MacAddress: bridge?.MacAddress ?? "",
    Networks,
  };
}

/** The state as inspect shows it. */
function stateView(state: StateRecord): ContainerState {
  const { RemovalInProgress: _, Health, ...shown } = state;
  return { Status: statusOf(state), ...shown, ...(Health === undefined ? {} : { Health }) };
}

/** Everything about a container. */
export function inspectOf(container: Container, paths: ContainerPaths): ContainerInspect {
  const { record, hostConfig } = container;
  const started = record.HasBeenStartedBefore;
  return {
    Id: container.id,
    Created: record.Created,
    Path: record.Path,
    Args: [...record.Args],
    State: stateView(record.State),
    Image: record.Image,
    ResolvConfPath: started ? paths.resolvConf : "",
    HostnamePath: started ? paths.hostname : "",
    HostsPath: started ? paths.hosts : "",
    LogPath: record.LogPath,
    Name: record.Name,
    RestartCount: record.RestartCount,
    Driver: record.Driver,
    Platform: record.OS,
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: "",
    ExecIDs: container.execs.size === 0 ? null : [...container.execs],
    HostConfig: hostConfig,
    GraphDriver: { Name: record.Driver, Data: null },
    Mounts: mountViews(container),
    Config: record.Config,
    NetworkSettings: networkSettings(container),
  };
}
