/**
 * The OCI runtime spec of a container.
 *
 * Source: moby `daemon/oci_linux.go`, `daemon/pkg/oci/defaults.go`.
 *
 * @module
 */
import { availableParallelism } from "node:os";
import type { ContainerConfig } from "../api/types/index.ts";
import { InvalidParameterError } from "../errors.ts";
import type { Sandbox } from "../network/network.ts";
import type { LinuxNamespace, PosixRlimit, Process, Spec, User } from "../oci.ts";
import { containerCapabilities } from "./capabilities.ts";
import { containerEnvironment } from "./environment.ts";
import type { Container, MountRecord } from "./record.ts";
import { defaultSeccomp } from "./seccomp_profile.ts";
import { parseSecurityOptions, type SecurityOptions } from "./security_opt.ts";
import { DEFAULT_SHM_BYTES, specMounts } from "./spec_mounts.ts";
import { specDevices, specLimits } from "./spec_resources.ts";
import type { ContainerPaths } from "./view.ts";

/** Paths that a container cannot read. */
export const MASKED_PATHS: readonly string[] = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
];

/** Paths that a container can only read. */
export const READONLY_PATHS: readonly string[] = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];

/** What the spec depends on beside the container. */
export interface SpecInput {
  readonly container: Container;
  readonly user: User;
  readonly sandbox: Sandbox;
  readonly paths: ContainerPaths;
  readonly mounts: readonly MountRecord[];
  /** Paths of namespaces of other containers to join. */
  readonly joined: {
    readonly pid?: string;
    readonly ipc?: string;
    readonly network?: string;
    readonly uts?: string;
  };
  /** Directory of another container's or the host's `/dev/shm`. */
  readonly shmPath?: string;
  /** Program for `--init`. */
  readonly initPath?: string;
  /** Cgroup that gets the container's, e.g. `/docker`. */
  readonly cgroupParent: string;
  readonly cgroupVersion: "1" | "2";
  /** Capabilities that the engine can give. */
  readonly availableCapabilities: readonly string[];
  readonly dataRoot: string;
  /** Threads that thermal sensors are hidden of. */
  readonly cpus?: number;
}

/** The namespaces of a container. */
function namespaces(input: SpecInput): LinuxNamespace[] {
  const host = input.container.hostConfig;
  const list: LinuxNamespace[] = [{ type: "mount" }];
  const add = (type: LinuxNamespace["type"], path: string | undefined): void => {
    list.push(path === undefined ? { type } : { type, path });
  };
  const { namespace } = input.sandbox;
  if (input.joined.network !== undefined) add("network", input.joined.network);
  else if (namespace.kind !== "host") add("network", namespace.kind === "path" ? namespace.path : undefined);
  if (host.UTSMode !== "host") add("uts", input.joined.uts);
  if (host.PidMode !== "host") add("pid", input.joined.pid);
  if (host.IpcMode !== "host") add("ipc", input.joined.ipc);
  if (privateCgroupns(input)) add("cgroup", undefined);
  return list;
}

/** Whether the container has a cgroup namespace of its own. */
function privateCgroupns({ container, cgroupVersion }: SpecInput): boolean {
  const mode = container.hostConfig.CgroupnsMode || (cgroupVersion === "2" ? "private" : "host");
  return mode === "private";
}

/** Resource limits of the process. */
export function rlimits(list: Container["hostConfig"]["Ulimits"]): PosixRlimit[] {
  const limit = (value: number): number | bigint => (value < 0 ? 0xffff_ffff_ffff_ffffn : value);
  return (list ?? []).map(({ Name, Soft, Hard }) => ({
    type: `RLIMIT_${Name.toUpperCase()}`,
    soft: limit(Soft),
    hard: limit(Hard),
  }));
}

/** The capability sets of a process: only root has effective ones. */
export function capabilitySets(
  bounding: readonly string[],
  uid: number,
): NonNullable<Process["capabilities"]> {
  const all = [...bounding];
  return uid === 0 ? { bounding: all, effective: [...all], permitted: [...all] } : { bounding: all };
}

/** The main process. */
function mainProcess(input: SpecInput, capabilities: readonly string[], security: SecurityOptions): Process {
  const { record, hostConfig } = input.container;
  const { Config } = record;
  const command = [record.Path, ...record.Args];
  const [height = 0, width = 0] = hostConfig.ConsoleSize ?? [];
  const limits = rlimits(hostConfig.Ulimits);
  return {
    ...(Config.Tty ? { terminal: true } : {}),
    ...(Config.Tty && height > 0 && width > 0 ? { consoleSize: { height, width } } : {}),
    user: input.user,
    args: input.initPath === undefined ? command : ["/sbin/docker-init", "--", ...command],
    env: containerEnvironment(Config),
    cwd: Config.WorkingDir || "/",
    capabilities: capabilitySets(capabilities, input.user.uid),
    ...(limits.length === 0 ? {} : { rlimits: limits }),
    ...(security.noNewPrivileges ? { noNewPrivileges: true } : {}),
    oomScoreAdj: hostConfig.OomScoreAdj ?? 0,
  };
}

/** Sysctls: what containers with a network of their own get, and what was asked for. */
function sysctls(input: SpecInput): Record<string, string> {
  const asked = input.container.hostConfig.Sysctls ?? {};
  const ownNetwork = input.joined.network === undefined && input.sandbox.namespace.kind !== "host";
  if (!ownNetwork) {
    const wrong = Object.keys(asked).find((name) => name.startsWith("net."));
    if (wrong !== undefined) {
      throw new InvalidParameterError(
        `sysctl '${wrong}' is not allowed because host network namespace is used`,
      );
    }
    return { ...asked };
  }
  return {
    "net.ipv4.ip_unprivileged_port_start": "0",
    "net.ipv4.ping_group_range": "0 2147483647",
    ...asked,
  };
}

/** Paths that are masked, thermal sensors of each CPU included. */
export function maskedPaths(cpus: number = availableParallelism()): string[] {
  const sensors = Array.from({ length: cpus }, (_, i) => `/sys/devices/system/cpu/cpu${i}/thermal_throttle`);
  return [...MASKED_PATHS, ...sensors];
}

/** Names for a UTS namespace of the container's own. */
function hostnames({
  Hostname = "",
  Domainname = "",
}: ContainerConfig): Pick<Spec, "hostname" | "domainname"> {
  return { hostname: Hostname, ...(Domainname === "" ? {} : { domainname: Domainname }) };
}

/** The spec of a container. @throws {InvalidParameterError} for what cannot be asked for. */
export function ociSpec(input: SpecInput): Spec {
  const { container, paths } = input;
  const { record, hostConfig } = container;
  const privileged = hostConfig.Privileged === true;
  const security = parseSecurityOptions(hostConfig.SecurityOpt ?? []);
  const capabilities = containerCapabilities({
    add: hostConfig.CapAdd ?? [],
    drop: hostConfig.CapDrop ?? [],
    privileged,
    available: input.availableCapabilities,
  });
  const { devices, rules } = specDevices(hostConfig);
  const parent = hostConfig.CgroupParent || input.cgroupParent;
  const open = privileged || security.unconfinedPaths;
  const seccomp =
    privileged || security.seccomp === "unconfined"
      ? undefined
      : (security.seccompProfile ?? defaultSeccomp(capabilities));
  return {
    ociVersion: "1.0.2",
    process: mainProcess(input, capabilities, security),
    root: { path: "rootfs", readonly: hostConfig.ReadonlyRootfs === true },
    // The host's names are not the container's to set.
    ...(hostConfig.UTSMode === "host" ? {} : hostnames(record.Config)),
    mounts: specMounts({
      privileged,
      paths,
      mounts: input.mounts,
      shmBytes: hostConfig.ShmSize || DEFAULT_SHM_BYTES,
      privateCgroupns: privateCgroupns(input),
      dataRoot: input.dataRoot,
      ...(input.shmPath === undefined ? {} : { shmPath: input.shmPath }),
      ...(input.initPath === undefined ? {} : { initPath: input.initPath }),
    }),
    ...(hostConfig.Annotations ? { annotations: { ...hostConfig.Annotations } } : {}),
    linux: {
      sysctl: sysctls(input),
      resources: { devices: rules, ...specLimits(hostConfig) },
      cgroupsPath: `${parent.replace(/\/$/, "")}/${container.id}`,
      namespaces: namespaces(input),
      ...(devices.length === 0 ? {} : { devices }),
      ...(seccomp === undefined ? {} : { seccomp }),
      maskedPaths: open ? [] : [...(hostConfig.MaskedPaths ?? maskedPaths(input.cpus))],
      readonlyPaths: open ? [] : [...(hostConfig.ReadonlyPaths ?? READONLY_PATHS)],
    },
  };
}
