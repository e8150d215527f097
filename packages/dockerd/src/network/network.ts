/**
 * Networks: the record, and the interface between containers and whatever gives them a network.
 *
 * A container asks for a {@linkcode Sandbox} when it starts and releases it when it has ended. The controller owns
 * network namespaces, links, addresses, firewall rules and port proxies; the container owns the record, the
 * `hosts`, `resolv.conf` and `hostname` files and the OCI spec. `container:<id>` is no business of the controller:
 * the container joins the other one's namespace.
 *
 * @module
 */
import type { CallOptions, NetworksApi } from "../api/engine.ts";
import type { EmptyObject, EndpointSettings, Labels, NetworkInspect, PortMap } from "../api/types/index.ts";

/** What a starting container asks the controller for. */
export interface SandboxRequest {
  /** Full id of the container. */
  readonly containerId: string;
  /** Name without the leading slash; becomes a DNS name on user-defined networks. */
  readonly name: string;
  readonly hostname: string;
  readonly domainname: string;
  /** `none`, `host`, `bridge`, or the name or id of a network. */
  readonly networkMode: string;
  /** What was asked for at each network, by network name; always has an entry for `networkMode` itself. */
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  readonly exposedPorts: Readonly<Record<string, EmptyObject>>;
  readonly portBindings: Readonly<PortMap>;
  /** Publishes every exposed port on a free port of the host. */
  readonly publishAllPorts: boolean;
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  /** Sysctls that the container asks for; those of `net.*` may be set by the controller. */
  readonly sysctls: Readonly<Record<string, string>>;
}

/** Where the container's network is. */
export type SandboxNamespace =
  /** In the host's own network namespace. */
  | { readonly kind: "host" }
  /** In a new namespace that the runtime makes, with nothing but `lo`. */
  | { readonly kind: "new" }
  /** In the prepared namespace at `path`. */
  | { readonly kind: "path"; readonly path: string };

/** What a container got. */
export interface Sandbox {
  readonly namespace: SandboxNamespace;
  /** Id of the sandbox, 64 hex digits; shown in inspect. */
  readonly id: string;
  /** Path of the namespace as inspect shows it (`SandboxKey`); empty if there is none. */
  readonly key: string;
  /** Endpoint by network name, complete. */
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  /** Published ports by container port; null for exposed ones that are not published. */
  readonly ports: Readonly<PortMap>;
  /** Lines for `/etc/hosts` that name the container itself, e.g. `172.17.0.2\tweb`. */
  readonly hostsLines: readonly string[];
  /** Content of `/etc/resolv.conf`. */
  readonly resolvConf: string;
}

/** A running container that a restarted engine found again, with the sandbox that it had been given. */
export interface SandboxRestore {
  readonly request: SandboxRequest;
  readonly sandbox: Sandbox;
}

/** Gives containers their networks. */
export interface NetworkController extends NetworksApi, AsyncDisposable {
  /**
   * Finds the state of an earlier engine again: keeps what belongs to `running`, releases everything else.
   *
   * Called once, before any other call.
   */
  restore(running: readonly SandboxRestore[], options?: CallOptions): Promise<void>;
  /**
   * Makes the sandbox of a starting container; on failure nothing is left behind.
   *
   * @throws {RtError} `NOT_FOUND` for an unknown network; `CONFLICT` or `UNKNOWN` with Docker's text for a port in use.
   */
  allocate(request: SandboxRequest, options?: CallOptions): Promise<Sandbox>;
  /** Takes everything back that `allocate` gave; does nothing for a container without sandbox. */
  release(containerId: string, options?: CallOptions): Promise<void>;
  /** The network with this name, id or unique id prefix, without its containers; undefined if there is none. */
  find(name: string): NetworkInspect | undefined;
}

/** Labels that make a network one of the engine's own. */
export const PREDEFINED_NETWORKS: readonly string[] = ["bridge", "host", "none"];

/** A new network record with every field that inspect shows. */
export function networkRecord(
  fields: Pick<NetworkInspect, "Name" | "Id" | "Created" | "Driver"> & Partial<NetworkInspect>,
  labels: Labels = {},
): NetworkInspect {
  return {
    Scope: "local",
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: { Driver: "default", Options: null, Config: [] },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: {},
    Options: {},
    Labels: labels,
    ...fields,
  };
}
