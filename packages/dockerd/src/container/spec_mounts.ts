/**
 * Mounts of the OCI spec: what every container has, its own files, and what the user asked for.
 *
 * Source: moby `daemon/pkg/oci/defaults.go`, `daemon/oci_linux.go` withMounts.
 *
 * @module
 */
import type { Mount } from "../oci.ts";
import type { MountRecord } from "./record.ts";
import type { ContainerPaths } from "./view.ts";

/** Size of `/dev/shm` if nobody says. Bytes. */
export const DEFAULT_SHM_BYTES: number = 64 * 1024 * 1024;

/** What the mounts depend on. */
export interface MountsInput {
  readonly privileged: boolean;
  readonly paths: ContainerPaths;
  /** Mounts that the user asked for, volumes made. */
  readonly mounts: readonly MountRecord[];
  /** Directory on the host for `/dev/shm`; absent for a new one of `shmBytes`. */
  readonly shmPath?: string;
  readonly shmBytes: number;
  readonly privateCgroupns: boolean;
  /** Program that becomes `/sbin/docker-init`. */
  readonly initPath?: string;
  /** Data root of the engine: a bind mount that contains it must not propagate back. */
  readonly dataRoot: string;
}

/** File systems that every container has. */
function defaultMounts({ privileged, privateCgroupns }: MountsInput): Mount[] {
  const sys = privileged ? "rw" : "ro";
  const cgroup = ["nosuid", "noexec", "nodev", privileged && privateCgroupns ? "rw" : sys];
  return [
    { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
    {
      destination: "/dev",
      type: "tmpfs",
      source: "tmpfs",
      options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
    },
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
    },
    { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", sys] },
    { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: cgroup },
    { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
  ];
}

/** `/dev/shm`: its own, or another container's or the host's. */
function shmMount({ shmPath, shmBytes }: MountsInput): Mount {
  const options = ["nosuid", "noexec", "nodev", "mode=1777", `size=${shmBytes}`];
  if (shmPath === undefined) return { destination: "/dev/shm", type: "tmpfs", source: "shm", options };
  return { destination: "/dev/shm", type: "bind", source: shmPath, options: ["rbind", "rprivate"] };
}

/** A mount that the user asked for. */
function userMount(mount: MountRecord, dataRoot: string): Mount {
  const readonly = mount.RW ? [] : ["ro"];
  if (mount.Type === "tmpfs") {
    const options = ["noexec", "nosuid", "nodev", mount.Propagation || "rprivate", ...(mount.Options ?? [])];
    return {
      destination: mount.Destination,
      type: "tmpfs",
      source: "tmpfs",
      options: [...options, ...readonly],
    };
  }
  const bind = mount.NonRecursive ? "bind" : "rbind";
  let propagation = mount.Propagation;
  if (
    mount.Type === "bind" &&
    propagation === "rprivate" &&
    `${dataRoot}/`.startsWith(`${mount.Source}/`.replace("//", "/"))
  ) {
    propagation = "rslave";
  }
  const options = [bind, ...readonly, ...(propagation === "" ? [] : [propagation])];
  return { destination: mount.Destination, type: "bind", source: mount.Source, options };
}

/** All mounts of a container, in the order in which they are made. */
export function specMounts(input: MountsInput): Mount[] {
  const asked = input.mounts.map((mount) => userMount(mount, input.dataRoot));
  const taken = new Set(asked.map((mount) => mount.destination));
  const file = (destination: string, source: string): Mount => ({
    destination,
    type: "bind",
    source,
    options: ["rbind", "rprivate"],
  });
  const own = [...defaultMounts(input), shmMount(input)].filter((mount) => !taken.has(mount.destination));
  const files = [
    file("/etc/resolv.conf", input.paths.resolvConf),
    file("/etc/hostname", input.paths.hostname),
    file("/etc/hosts", input.paths.hosts),
  ].filter((mount) => !taken.has(mount.destination));
  const init =
    input.initPath === undefined
      ? []
      : [{ ...file("/sbin/docker-init", input.initPath), options: ["bind", "ro"] }];
  const depth = (mount: Mount): number => mount.destination.split("/").length;
  return [...own, ...[...init, ...asked].sort((a, b) => depth(a) - depth(b)), ...files];
}
