/**
 * HostConfig: defaults and checks.
 *
 * Source: moby `daemon/daemon_unix.go` adaptContainerSettings, verifyPlatformContainerSettings;
 * `daemon/container.go` verifyContainerSettings.
 *
 * @module
 */
import type { HostConfig } from "../api/types/index.ts";
import type { EngineConfig } from "../config.ts";
import { InvalidParameterError } from "../errors.ts";
import type { HostFacts } from "../system/host_facts.ts";
import { containerCapabilities } from "./capabilities.ts";
import { maskedPaths, READONLY_PATHS } from "./oci_spec.ts";
import { parseSecurityOptions } from "./security_opt.ts";
import { DEFAULT_SHM_BYTES } from "./spec_mounts.ts";
import { checkLimits } from "./spec_resources.ts";

/** What checks and defaults depend on. */
export interface HostConfigDeps {
  readonly config: EngineConfig;
  readonly facts: Pick<HostFacts, "capabilities" | "cpus" | "cgroupVersion" | "swapAccounting">;
  readonly runtimes: Readonly<Record<string, unknown>>;
  readonly defaultRuntime: string;
}

const ABSENT: HostConfig = {
  Binds: null,
  ContainerIDFile: "",
  PortBindings: {},
  AutoRemove: false,
  VolumeDriver: "",
  VolumesFrom: null,
  ConsoleSize: [0, 0],
  CapAdd: null,
  CapDrop: null,
  Dns: null,
  DnsOptions: [],
  DnsSearch: [],
  ExtraHosts: null,
  GroupAdd: null,
  Cgroup: "",
  Links: null,
  OomScoreAdj: 0,
  PidMode: "",
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  UTSMode: "",
  UsernsMode: "",
  Isolation: "",
  CpuShares: 0,
  Memory: 0,
  NanoCpus: 0,
  CgroupParent: "",
  BlkioWeight: 0,
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpusetCpus: "",
  CpusetMems: "",
  Devices: null,
  DeviceCgroupRules: null,
  DeviceRequests: null,
  MemoryReservation: 0,
  MemorySwap: 0,
  MemorySwappiness: null,
  OomKillDisable: null,
  PidsLimit: null,
  Ulimits: null,
  CpuCount: 0,
  CpuPercent: 0,
  IOMaximumIOps: 0,
  IOMaximumBandwidth: 0,
};

/** `asked` with every default. */
export function fullHostConfig(deps: HostConfigDeps, asked: HostConfig): HostConfig {
  const full: HostConfig = { ...ABSENT, ...asked };
  full.NetworkMode =
    asked.NetworkMode === undefined || ["", "default"].includes(asked.NetworkMode)
      ? "bridge"
      : asked.NetworkMode;
  full.RestartPolicy = {
    Name: asked.RestartPolicy?.Name || "no",
    MaximumRetryCount: asked.RestartPolicy?.MaximumRetryCount ?? 0,
  };
  full.LogConfig = {
    Type: asked.LogConfig?.Type || deps.config.logDriver,
    Config: { ...(asked.LogConfig?.Type ? {} : deps.config.logOptions), ...asked.LogConfig?.Config },
  };
  full.ShmSize = asked.ShmSize || DEFAULT_SHM_BYTES;
  full.Runtime = asked.Runtime || deps.defaultRuntime;
  full.IpcMode = asked.IpcMode || "private";
  full.CgroupnsMode =
    asked.CgroupnsMode || (deps.facts.cgroupVersion === "2" && !asked.Privileged ? "private" : "host");
  if (full.Memory && full.Memory > 0 && !full.MemorySwap && deps.facts.swapAccounting)
    full.MemorySwap = full.Memory * 2;
  if (!deps.facts.swapAccounting) full.MemorySwap = 0;
  if (!full.Privileged) {
    full.MaskedPaths = asked.MaskedPaths ?? maskedPaths();
    full.ReadonlyPaths = asked.ReadonlyPaths ?? [...READONLY_PATHS];
  }
  return full;
}

/** Refuses a host configuration that cannot work. @throws {InvalidParameterError} with Docker's text. */
export function checkHostConfig(deps: HostConfigDeps, host: HostConfig): void {
  const refuse = (text: string): never => {
    throw new InvalidParameterError(text);
  };
  const policy = host.RestartPolicy ?? {};
  const retries = policy.MaximumRetryCount ?? 0;
  switch (policy.Name ?? "") {
    case "always":
    case "unless-stopped":
    case "no":
      if (retries !== 0) {
        refuse(
          "invalid restart policy: maximum retry count can only be used with 'on-failure'" +
            (retries < 0 ? " and cannot be negative" : ""),
        );
      }
      break;
    case "on-failure":
      if (retries < 0) refuse("invalid restart policy: maximum retry count cannot be negative");
      break;
    case "":
      break;
    default:
      refuse(
        `invalid restart policy: unknown policy '${policy.Name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
      );
  }
  if (host.AutoRemove && policy.Name !== undefined && !["", "no"].includes(policy.Name)) {
    refuse("can't create 'AutoRemove' container with restart policy");
  }
  if (host.Runtime !== undefined && host.Runtime !== "" && !(host.Runtime in deps.runtimes)) {
    refuse(`unknown or invalid runtime name: ${host.Runtime}`);
  }
  for (const extra of host.ExtraHosts ?? []) {
    if (!/^[^:=]+[:=].+$/.test(extra)) refuse(`bad format for add-host: ${JSON.stringify(extra)}`);
  }
  for (const [port, bindings] of Object.entries(host.PortBindings ?? {})) {
    const [number, type = "tcp"] = port.split("/");
    if (!/^[0-9]+$/.test(number ?? "") || Number(number) > 65_535 || !["tcp", "udp", "sctp"].includes(type)) {
      refuse(`invalid port specification: ${JSON.stringify(port)}`);
    }
    for (const { HostPort = "" } of bindings ?? []) {
      if (!/^([0-9]+(-[0-9]+)?)?$/.test(HostPort))
        refuse(`invalid port specification: ${JSON.stringify(HostPort)}`);
    }
  }
  const driver = host.LogConfig?.Type ?? "";
  if (!["", "json-file", "none"].includes(driver)) {
    refuse(`logger: no log driver named '${driver}' is registered`);
  }
  for (const [key, value] of Object.entries(host.Sysctls ?? {})) {
    if (key === "" || key.includes("/../") || value.includes("\n")) refuse(`invalid sysctl '${key}'`);
  }
  containerCapabilities({
    add: host.CapAdd ?? [],
    drop: host.CapDrop ?? [],
    privileged: host.Privileged === true,
    available: deps.facts.capabilities,
  });
  parseSecurityOptions(host.SecurityOpt ?? []);
  checkLimits(host, deps.facts.cpus);
}
