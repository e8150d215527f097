/**
 * Types of config.json: the platforms that we read and keep but do not run.
 *
 * Source: runtime-spec 1.3.0 `config-{solaris,windows,vm,zos,freebsd}.md`, `specs-go/config.go`.
 *
 * @module
 */
import type { Uint64 } from "./spec.ts";

/** The `solaris` object. */
export interface Solaris {
  /** SMF state that must be online before the process starts. */
  milestone?: string;
  /** Most privileges of the zone. */
  limitpriv?: string;
  /** Most shared memory. */
  maxShmMemory?: string;
  /** Automatic networks. */
  anet?: SolarisAnet[];
  /** CPU cap. */
  cappedCPU?: { ncpus?: string };
  /** Memory cap. */
  cappedMemory?: { physical?: string; swap?: string };
}

/** One automatic network of Solaris. */
export interface SolarisAnet {
  /** Name of the VNIC. */
  linkname?: string;
  /** Link below it. */
  lowerLink?: string;
  /** Addresses the container may use. */
  allowedAddress?: string;
  /** Whether those are configured at boot. */
  configureAllowedAddress?: string;
  /** Default router. */
  defrouter?: string;
  /** Link protections. */
  linkProtection?: string;
  /** MAC address. */
  macAddress?: string;
}

/** The `windows` object. */
export interface Windows {
  /** Layer folders. */
  layerFolders: string[];
  /** Devices. */
  devices?: { id: string; idType: string }[];
  /** Limits. */
  resources?: WindowsResources;
  /** Credential spec: an object or text. */
  credentialSpec?: unknown;
  /** Whether it runs in servicing mode. */
  servicing?: boolean;
  /** Whether flushes are ignored during boot. */
  ignoreFlushesDuringBoot?: boolean;
  /** Hyper-V isolation. */
  hyperv?: { utilityVMPath?: string };
  /** Network. */
  network?: WindowsNetwork;
}

/** Limits of a Windows container. */
export interface WindowsResources {
  /** Memory. Bytes. */
  memory?: { limit?: number };
  /** CPU. */
  cpu?: { count?: number; shares?: number; maximum?: number; affinity?: { mask?: Uint64; group?: number }[] };
  /** Storage. */
  storage?: { iops?: number; bps?: number; sandboxSize?: number };
}

/** Network of a Windows container. */
export interface WindowsNetwork {
  /** Endpoints. */
  endpointList?: string[];
  /** Whether unqualified names are looked up. */
  allowUnqualifiedDNSQuery?: boolean;
  /** Search list. */
  DNSSearchList?: string[];
  /** Container whose network is shared. */
  networkSharedContainerName?: string;
  /** Network namespace. */
  networkNamespace?: string;
}

/** The `vm` object. */
export interface Vm {
  /** Hypervisor. */
  hypervisor?: { path: string; parameters?: string[] };
  /** Guest kernel. */
  kernel: { path: string; parameters?: string[]; initrd?: string };
  /** Root image. */
  image?: { path: string; format: string };
  /** Hardware. */
  hwconfig?: VmHardware;
}

/** Hardware of a virtual machine. */
export interface VmHardware {
  /** Device tree file. */
  deviceTree?: string;
  /** Number of CPUs. */
  vcpus?: number;
  /** Memory. Bytes. */
  memory?: number;
  /** Device tree nodes to pass through. */
  dtdevs?: string[];
  /** I/O memory to pass through. */
  iomems?: { firstGFN?: number; firstMFN: number; nrMFNs: number }[];
  /** Interrupts to pass through. */
  irqs?: number[];
}

/** The `zos` object. */
export interface Zos {
  /** Namespaces. */
  namespaces?: { type: "pid" | "mount" | "ipc" | "uts"; path?: string }[];
}

/** The `freebsd` object. */
export interface FreeBsd {
  /** Device nodes to make visible. */
  devices?: { path: string; mode?: number }[];
  /** Jail parameters. */
  jail?: FreeBsdJail;
}

/** How a jail shares a resource with its parent. */
export type FreeBsdSharing = "disable" | "new" | "inherit";

/** Jail parameters. */
export interface FreeBsdJail {
  /** Parent jail. */
  parent?: string;
  /** Host name. */
  host?: FreeBsdSharing;
  /** IPv4. */
  ip4?: FreeBsdSharing;
  /** IPv4 addresses. */
  ip4Addr?: string[];
  /** IPv6. */
  ip6?: FreeBsdSharing;
  /** IPv6 addresses. */
  ip6Addr?: string[];
  /** Network stack. */
  vnet?: FreeBsdSharing;
  /** Interface for the addresses. */
  interface?: string;
  /** Interfaces to move in. */
  vnetInterfaces?: string[];
  /** System V messages. */
  sysvmsg?: FreeBsdSharing;
  /** System V semaphores. */
  sysvsem?: FreeBsdSharing;
  /** System V shared memory. */
  sysvshm?: FreeBsdSharing;
  /** What statfs shows, 0 to 2. */
  enforceStatfs?: number;
  /** What the jail may do. */
  allow?: FreeBsdJailAllow;
}

/** What a jail may do. */
export interface FreeBsdJailAllow {
  /** Set the host name. */
  setHostname?: boolean;
  /** Open raw sockets. */
  rawSockets?: boolean;
  /** Set system file flags. */
  chflags?: boolean;
  /** Mount these file systems. */
  mount?: string[];
  /** Administer quotas. */
  quotas?: boolean;
  /** Use other socket families. */
  socketAf?: boolean;
  /** Lock memory. */
  mlock?: boolean;
  /** Bind reserved ports. */
  reservedPorts?: boolean;
  /** Be superuser. */
  suser?: boolean;
}
