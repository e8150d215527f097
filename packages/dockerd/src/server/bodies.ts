/**
 * Request bodies that are JSON: their shapes, and how they are read.
 *
 * Source: moby `api/docs/v1.51.yaml`; `daemon/server/router/container/container_routes.go` for texts.
 *
 * @module
 */
import type {
  ContainerCreateRequest,
  ContainerUpdateRequest,
  ExecCreateRequest,
  ExecStartRequest,
  NetworkConnectRequest,
  NetworkCreateRequest,
  NetworkDisconnectRequest,
  VolumeCreateRequest,
} from "../api/types/index.ts";
import { InvalidParameterError } from "../errors.ts";
import { type ApiRequest, readJson } from "./exchange.ts";
import { checkShape, type Shape } from "./shape.ts";

const strings: Shape = { list: "string" };
const stringMap: Shape = { map: "string" };
const set: Shape = { map: { struct: "struct {}", fields: {} } };

const endpoint: Shape = {
  struct: "EndpointSettings",
  fields: {
    IPAMConfig: {
      struct: "EndpointIPAMConfig",
      fields: { IPv4Address: "string", IPv6Address: "string", LinkLocalIPs: strings },
    },
    Links: strings,
    Aliases: strings,
    MacAddress: "string",
    DriverOpts: stringMap,
    GwPriority: "int",
    NetworkID: "string",
  },
};

const throttle: Shape = { list: { struct: "ThrottleDevice", fields: { Path: "string", Rate: "int" } } };

const restartPolicy: Shape = {
  struct: "RestartPolicy",
  fields: { Name: "string", MaximumRetryCount: "int" },
};

const resources: Readonly<Record<string, Shape>> = {
  CpuShares: "int",
  Memory: "int",
  CgroupParent: "string",
  BlkioWeight: "int",
  BlkioWeightDevice: { list: { struct: "WeightDevice", fields: { Path: "string", Weight: "int" } } },
  BlkioDeviceReadBps: throttle,
  BlkioDeviceWriteBps: throttle,
  BlkioDeviceReadIOps: throttle,
  BlkioDeviceWriteIOps: throttle,
  CpuPeriod: "int",
  CpuQuota: "int",
  CpuRealtimePeriod: "int",
  CpuRealtimeRuntime: "int",
  CpusetCpus: "string",
  CpusetMems: "string",
  Devices: {
    list: {
      struct: "DeviceMapping",
      fields: { PathOnHost: "string", PathInContainer: "string", CgroupPermissions: "string" },
    },
  },
  DeviceCgroupRules: strings,
  KernelMemory: "int",
  KernelMemoryTCP: "int",
  MemoryReservation: "int",
  MemorySwap: "int",
  MemorySwappiness: "int",
  NanoCpus: "int",
  OomKillDisable: "bool",
  PidsLimit: "int",
  Ulimits: { list: { struct: "Ulimit", fields: { Name: "string", Soft: "int", Hard: "int" } } },
};

const mount: Shape = {
  struct: "Mount",
  fields: {
    Type: "string",
    Source: "string",
    Target: "string",
    ReadOnly: "bool",
    BindOptions: {
      struct: "BindOptions",
      fields: {
        Propagation: "string",
        NonRecursive: "bool",
        CreateMountpoint: "bool",
        ReadOnlyNonRecursive: "bool",
        ReadOnlyForceRecursive: "bool",
      },
    },
    VolumeOptions: {
      struct: "VolumeOptions",
      fields: {
        NoCopy: "bool",
        Labels: stringMap,
        Subpath: "string",
        DriverConfig: { struct: "Driver", fields: { Name: "string", Options: stringMap } },
      },
    },
    ImageOptions: { struct: "ImageOptions", fields: { Subpath: "string" } },
    TmpfsOptions: { struct: "TmpfsOptions", fields: { SizeBytes: "int", Mode: "int" } },
  },
};

const hostConfig: Shape = {
  struct: "HostConfig",
  fields: {
    ...resources,
    Binds: strings,
    LogConfig: { struct: "LogConfig", fields: { Type: "string", Config: stringMap } },
    NetworkMode: "string",
    PortBindings: {
      map: { list: { struct: "PortBinding", fields: { HostIp: "string", HostPort: "string" } } },
    },
    RestartPolicy: restartPolicy,
    AutoRemove: "bool",
    VolumeDriver: "string",
    VolumesFrom: strings,
    Mounts: { list: mount },
    ConsoleSize: { list: "int" },
    Annotations: stringMap,
    CapAdd: strings,
    CapDrop: strings,
    CgroupnsMode: "string",
    Dns: strings,
    DnsOptions: strings,
    DnsSearch: strings,
    ExtraHosts: strings,
    GroupAdd: strings,
    IpcMode: "string",
    Links: strings,
    OomScoreAdj: "int",
    PidMode: "string",
    Privileged: "bool",
    PublishAllPorts: "bool",
    ReadonlyRootfs: "bool",
    SecurityOpt: strings,
    StorageOpt: stringMap,
    Tmpfs: stringMap,
    UTSMode: "string",
    UsernsMode: "string",
    ShmSize: "int",
    Sysctls: stringMap,
    Runtime: "string",
    Init: "bool",
    MaskedPaths: strings,
    ReadonlyPaths: strings,
  },
};

const healthcheck: Shape = {
  struct: "HealthConfig",
  fields: {
    Test: strings,
    Interval: "int",
    Timeout: "int",
    Retries: "int",
    StartPeriod: "int",
    StartInterval: "int",
  },
};

const createShape: Shape = {
  struct: "container.CreateRequest",
  fields: {
    Hostname: "string",
    Domainname: "string",
    User: "string",
    AttachStdin: "bool",
    AttachStdout: "bool",
    AttachStderr: "bool",
    ExposedPorts: set,
    Tty: "bool",
    OpenStdin: "bool",
    StdinOnce: "bool",
    Env: strings,
    Healthcheck: healthcheck,
    Image: "string",
    Volumes: set,
    WorkingDir: "string",
    NetworkDisabled: "bool",
    MacAddress: "string",
    OnBuild: strings,
    Labels: stringMap,
    StopSignal: "string",
    StopTimeout: "int",
    Shell: strings,
    HostConfig: hostConfig,
    NetworkingConfig: { struct: "NetworkingConfig", fields: { EndpointsConfig: { map: endpoint } } },
  },
};

const execCreateShape: Shape = {
  struct: "container.ExecCreateRequest",
  fields: {
    AttachStdin: "bool",
    AttachStdout: "bool",
    AttachStderr: "bool",
    ConsoleSize: { list: "int" },
    DetachKeys: "string",
    Tty: "bool",
    Env: strings,
    Cmd: strings,
    Privileged: "bool",
    User: "string",
    WorkingDir: "string",
  },
};

/** Reads a body of `shape`; an empty one is `{}`. */
async function readBody<T>(request: ApiRequest, shape: Shape & { struct: string }): Promise<T | undefined> {
  const body = await readJson(request, shape.struct);
  checkShape(body, shape, shape.struct.replace(/^.*\./, ""));
  return body as T | undefined;
}

/** A text or a list of texts as a list: `Cmd` and `Entrypoint` take both. @throws {InvalidParameterError} for others. */
function asStrings(value: unknown, field: string): string[] | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "string") return [value];
  checkShape(value, strings, field);
  return value as string[];
}

/** The body of `POST /containers/create`. */
export async function readCreateRequest(request: ApiRequest): Promise<ContainerCreateRequest> {
  const body = await readBody<ContainerCreateRequest>(request, createShape as Shape & { struct: string });
  if (body === undefined || Object.keys(body).length === 0) {
    throw new InvalidParameterError("config cannot be empty in order to create a container");
  }
  body.Cmd = asStrings(body.Cmd, "CreateRequest.Cmd");
  body.Entrypoint = asStrings(body.Entrypoint, "CreateRequest.Entrypoint");
  return body;
}

/** The body of `POST /containers/{id}/update`. */
export async function readUpdateRequest(request: ApiRequest): Promise<ContainerUpdateRequest> {
  const fields = { ...resources, RestartPolicy: restartPolicy };
  return (
    (await readBody<ContainerUpdateRequest>(request, { struct: "container.UpdateConfig", fields })) ?? {}
  );
}

/** The body of `POST /containers/{id}/exec`. */
export async function readExecCreate(request: ApiRequest): Promise<ExecCreateRequest> {
  const body = await readBody<ExecCreateRequest>(request, execCreateShape as Shape & { struct: string });
  if ((body?.Cmd ?? []).length === 0) throw new InvalidParameterError("no exec command specified");
  return body!;
}

/** The body of `POST /exec/{id}/start`. */
export async function readExecStart(request: ApiRequest): Promise<ExecStartRequest> {
  const fields: Record<string, Shape> = { Detach: "bool", Tty: "bool", ConsoleSize: { list: "int" } };
  return (await readBody<ExecStartRequest>(request, { struct: "container.ExecStartRequest", fields })) ?? {};
}

/** The body of `POST /volumes/create`. */
export async function readVolumeCreate(request: ApiRequest): Promise<VolumeCreateRequest> {
  const fields: Record<string, Shape> = {
    Name: "string",
    Driver: "string",
    DriverOpts: stringMap,
    Labels: stringMap,
  };
  return (await readBody<VolumeCreateRequest>(request, { struct: "volume.CreateOptions", fields })) ?? {};
}

const ipam: Shape = {
  struct: "IPAM",
  fields: {
    Driver: "string",
    Options: stringMap,
    Config: {
      list: {
        struct: "IPAMConfig",
        fields: { Subnet: "string", IPRange: "string", Gateway: "string", AuxiliaryAddresses: stringMap },
      },
    },
  },
};

/** The body of `POST /networks/create`. */
export async function readNetworkCreate(request: ApiRequest): Promise<NetworkCreateRequest> {
  const fields: Record<string, Shape> = {
    Name: "string",
    Driver: "string",
    Scope: "string",
    Internal: "bool",
    Attachable: "bool",
    Ingress: "bool",
    ConfigOnly: "bool",
    IPAM: ipam,
    EnableIPv4: "bool",
    EnableIPv6: "bool",
    Options: stringMap,
    Labels: stringMap,
  };
  const body = await readBody<NetworkCreateRequest>(request, { struct: "network.CreateRequest", fields });
  return body ?? { Name: "" };
}

/** The body of `POST /networks/{id}/connect`. */
export async function readNetworkConnect(request: ApiRequest): Promise<NetworkConnectRequest> {
  const fields: Record<string, Shape> = { Container: "string", EndpointConfig: endpoint };
  return (
    (await readBody<NetworkConnectRequest>(request, { struct: "network.ConnectOptions", fields })) ?? {
      Container: "",
    }
  );
}

/** The body of `POST /networks/{id}/disconnect`. */
export async function readNetworkDisconnect(request: ApiRequest): Promise<NetworkDisconnectRequest> {
  const fields: Record<string, Shape> = { Container: "string", Force: "bool" };
  const body = await readBody<NetworkDisconnectRequest>(request, {
    struct: "network.DisconnectOptions",
    fields,
  });
  return body ?? { Container: "" };
}
