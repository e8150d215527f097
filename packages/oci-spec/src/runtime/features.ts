/**
 * Features of a runtime: what `features` prints.
 *
 * Source: runtime-spec 1.3.0 `features.md`, `features-linux.md`, `specs-go/features/features.go`.
 *
 * @module
 */

/** What a runtime can do; an absent field means that it does not say. */
export interface Features {
  /** Oldest `ociVersion` that it takes. */
  ociVersionMin?: string;
  /** Newest `ociVersion` that it takes. */
  ociVersionMax?: string;
  /** Hook points that it knows. */
  hooks?: string[];
  /** Mount options that it knows. */
  mountOptions?: string[];
  /** Linux part. */
  linux?: LinuxFeatures;
  /** Free data, e.g. the runtime's version. */
  annotations?: Record<string, string>;
  /** Annotations of a config that may change what the runtime does. */
  potentiallyUnsafeConfigAnnotations?: string[];
}

/** Linux part of {@linkcode Features}. */
export interface LinuxFeatures {
  /** Namespaces that it knows. */
  namespaces?: string[];
  /** Capabilities that it knows. */
  capabilities?: string[];
  /** Cgroup drivers. */
  cgroup?: { v1?: boolean; v2?: boolean; systemd?: boolean; systemdUser?: boolean; rdma?: boolean };
  /** System call filter. */
  seccomp?: SeccompFeatures;
  /** AppArmor. */
  apparmor?: { enabled?: boolean };
  /** SELinux. */
  selinux?: { enabled?: boolean };
  /** Intel RDT. */
  intelRdt?: { enabled?: boolean; schemata?: boolean; monitoring?: boolean };
  /** NUMA memory policy. */
  memoryPolicy?: { modes?: string[]; flags?: string[] };
  /** Extensions of mounts. */
  mountExtensions?: { idmap?: { enabled?: boolean } };
  /** Moving network devices in. */
  netDevices?: { enabled?: boolean };
}

/** What a runtime can filter. */
export interface SeccompFeatures {
  /** Whether it filters at all. */
  enabled?: boolean;
  /** Actions that it knows. */
  actions?: string[];
  /** Operators that it knows. */
  operators?: string[];
  /** Architectures that it knows. */
  archs?: string[];
  /** Flags that it knows. */
  knownFlags?: string[];
  /** Flags that it and the kernel support. */
  supportedFlags?: string[];
}
