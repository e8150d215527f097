/**
 * The config that `spec` prints: a shell in a fresh set of namespaces, with few privileges.
 *
 * Source: what runc 1.1.5 `spec` and `spec --rootless` print, key for key (`libcontainer/specconv/example.go`).
 *
 * @module
 */
import type { Mount, Spec } from "./spec.ts";

/** The runtime-spec version that we implement. */
export const SPEC_VERSION = "1.3.0";

/** Options for {@linkcode defaultSpec}. */
export interface DefaultSpecOptions {
  /** Makes a config that needs no root: a user namespace that maps one user. */
  readonly rootless?: { readonly uid: number; readonly gid: number };
  /** Version to write into it. @default {SPEC_VERSION} */
  readonly ociVersion?: string;
}

/**
 * A new config as `spec` prints it.
 *
 * @example
 * ```ts
 * import { defaultSpec, validateSpec } from "@rt/oci-spec";
 * if (validateSpec(defaultSpec()).length !== 0) throw new Error("the example is not valid");
 * ```
 */
export function defaultSpec(options: DefaultSpecOptions = {}): Spec {
  const { rootless } = options;
  const capabilities = (): string[] => ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];
  const id = (hostID: number) => [{ containerID: 0, hostID, size: 1 }];
  return {
    ociVersion: options.ociVersion ?? SPEC_VERSION,
    process: {
      terminal: true,
      user: { uid: 0, gid: 0 },
      args: ["sh"],
      env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
      cwd: "/",
      capabilities: {
        bounding: capabilities(),
        effective: capabilities(),
        permitted: capabilities(),
        ambient: capabilities(),
      },
      rlimits: [{ type: "RLIMIT_NOFILE", hard: 1024, soft: 1024 }],
      noNewPrivileges: true,
    },
    root: { path: "rootfs", readonly: true },
    hostname: "runc",
    mounts: defaultMounts(rootless !== undefined),
    linux: {
      ...(rootless === undefined
        ? { resources: { devices: [{ allow: false, access: "rwm" }] } }
        : { uidMappings: id(rootless.uid), gidMappings: id(rootless.gid) }),
      namespaces: [
        { type: "pid" },
        ...(rootless === undefined ? [{ type: "network" } as const] : []),
        { type: "ipc" },
        { type: "uts" },
        { type: "mount" },
        ...(rootless === undefined ? [] : [{ type: "user" } as const]),
      ],
      maskedPaths: defaultMaskedPaths(),
      readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
    },
  };
}

function defaultMaskedPaths(): string[] {
  return [
    "/proc/acpi",
    "/proc/asound",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/sys/firmware",
    "/proc/scsi",
  ];
}

function defaultMounts(rootless: boolean): Mount[] {
  const closed = ["nosuid", "noexec", "nodev"];
  const pts = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"];
  return [
    { destination: "/proc", type: "proc", source: "proc" },
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
      options: rootless ? pts : [...pts, "gid=5"],
    },
    {
      destination: "/dev/shm",
      type: "tmpfs",
      source: "shm",
      options: [...closed, "mode=1777", "size=65536k"],
    },
    { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: [...closed] },
    rootless
      ? { destination: "/sys", type: "none", source: "/sys", options: ["rbind", ...closed, "ro"] }
      : { destination: "/sys", type: "sysfs", source: "sysfs", options: [...closed, "ro"] },
    {
      destination: "/sys/fs/cgroup",
      type: "cgroup",
      source: "cgroup",
      options: [...closed, "relatime", "ro"],
    },
  ];
}
