/**
 * The network controller: the predefined networks, and each container's sandbox from allocation to release.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Kernel } from "@rt/containerd/kernel";
import { type Logger, RtError, silentLogger } from "@rt/containerd/oci";
import type { CallOptions } from "../api/engine.ts";
import type * as t from "../api/types/index.ts";
import type { Nftables } from "../host/nftables.ts";
import { BridgeDriver, type BridgeEndpoint } from "./bridge/driver.ts";
import { deleteNamespace } from "./bridge/link.ts";
import type { NetworkController, Sandbox, SandboxRequest, SandboxRestore } from "./network.ts";
import { NetworkRecords } from "./records.ts";
import { resolvConf } from "./resolv_conf.ts";

/** What the controller stands on. */
export interface ControllerDeps {
  readonly kernel: Kernel;
  readonly nft: Nftables;
  readonly log?: Logger;
}

/** Where and how. */
export interface ControllerOptions {
  /** Directory of the namespaces' mount points, `<exec-root>/netns`. */
  readonly netnsDir: string;
  /** Directory of the network records, `<data-root>/network`. */
  readonly dataDir: string;
  /** Name of the default bridge link; `none` for no bridge network. */
  readonly bridge: string;
  /** The bridge's own address, e.g. `172.17.0.1/16`. */
  readonly bridgeAddress: string;
  /** Whether firewall rules are made. */
  readonly firewall: boolean;
  /** Whether published ports are also served by a proxy, which loopback connections need. */
  readonly userlandProxy: boolean;
  /** Whether `net.ipv4.ip_forward` is switched on. */
  readonly ipForward: boolean;
}

/** Makes a controller; `restore` must be called before anything else. */
export function networkController(deps: ControllerDeps, options: ControllerOptions): NetworkController {
  return new Controller(deps, options);
}

interface Held {
  readonly request: SandboxRequest;
  readonly sandbox: Sandbox;
  readonly network: string;
  readonly endpoint?: BridgeEndpoint;
}

class Controller implements NetworkController {
  readonly #records: NetworkRecords;
  readonly #bridge: BridgeDriver | undefined;
  readonly #held = new Map<string, Held>();
  readonly #options: ControllerOptions;
  readonly #kernel: Kernel;

  constructor(deps: ControllerDeps, options: ControllerOptions) {
    this.#options = options;
    this.#kernel = deps.kernel;
    mkdirSync(options.netnsDir, { recursive: true, mode: 0o700 });
    const withBridge = options.bridge !== "none";
    this.#records = new NetworkRecords(options.dataDir, withBridge ? options : undefined);
    if (withBridge) this.#bridge = new BridgeDriver(deps, options, deps.log ?? silentLogger);
  }

  async restore(running: readonly SandboxRestore[]): Promise<void> {
    const endpoints = new Map<string, BridgeEndpoint>();
    for (const { request, sandbox } of running) {
      const settings = sandbox.endpoints.bridge;
      if (settings?.IPAddress !== undefined && settings.IPAddress !== "")
        endpoints.set(request.containerId, this.#driver().adopt(request.containerId, settings, sandbox));
    }
    await this.#bridge?.start([...endpoints.values()]);
    const kept = new Set(running.map(({ sandbox }) => sandbox.key));
    for (const name of readdirSync(this.#options.netnsDir)) {
      const path = join(this.#options.netnsDir, name);
      if (!kept.has(path)) await deleteNamespace(this.#kernel, path);
    }
    for (const { request, sandbox } of running) {
      const endpoint = endpoints.get(request.containerId);
      const network = Object.keys(sandbox.endpoints)[0] ?? request.networkMode;
      this.#held.set(request.containerId, { request, sandbox, network, ...(endpoint && { endpoint }) });
    }
  }

  async allocate(request: SandboxRequest): Promise<Sandbox> {
    const mode = request.networkMode === "default" ? "bridge" : request.networkMode;
    const network = this.find(mode);
    if (network === undefined) throw new RtError("NOT_FOUND", `network ${mode} not found`);
    const held =
      network.Driver === "bridge"
        ? await this.#allocateBridge(request, network)
        : this.#plain(request, network);
    this.#held.set(request.containerId, held);
    return held.sandbox;
  }

  async release(containerId: string): Promise<void> {
    const held = this.#held.get(containerId);
    if (held === undefined) return;
    if (held.endpoint !== undefined) await this.#driver().remove(held.endpoint);
    this.#held.delete(containerId);
  }

  find(name: string): t.NetworkInspect | undefined {
    return this.#records.find(name);
  }

  async list(options: CallOptions & { readonly filters?: t.Filters } = {}): Promise<t.NetworkInspect[]> {
    return this.#records.list(options.filters ?? {});
  }

  async inspect(name: string): Promise<t.NetworkInspect> {
    const network = this.find(name);
    if (network === undefined) throw new RtError("NOT_FOUND", `network ${name} not found`);
    return { ...network, Containers: this.#containersOf(network.Name) };
  }

  async create(request: t.NetworkCreateRequest): Promise<t.NetworkCreateResponse> {
    if (this.#records.find(request.Name) !== undefined)
      throw new RtError("CONFLICT", `network with name ${request.Name} already exists`);
    throw new RtError(
      "NOT_IMPLEMENTED",
      `cannot create network ${request.Name}: user-defined networks are not supported yet`,
    );
  }

  async connect(name: string): Promise<void> {
    await this.inspect(name);
    throw new RtError(
      "NOT_IMPLEMENTED",
      `cannot connect to network ${name}: joining a second network is not supported yet`,
    );
  }

  async disconnect(name: string, request: t.NetworkDisconnectRequest): Promise<void> {
    await this.inspect(name);
    throw new RtError(
      "NOT_IMPLEMENTED",
      `cannot disconnect ${request.Container} from network ${name}: not supported yet`,
    );
  }

  async remove(name: string): Promise<void> {
    const network = await this.inspect(name);
    throw new RtError("PERMISSION_DENIED", `${network.Name} is a pre-defined network and cannot be removed`);
  }

  async prune(): Promise<t.NetworkPruneResponse> {
    return { NetworksDeleted: null };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bridge?.settle();
  }

  async #allocateBridge(request: SandboxRequest, network: t.NetworkInspect): Promise<Held> {
    const id = randomId();
    const path = join(this.#options.netnsDir, id.slice(0, 12));
    const asked = request.endpoints[network.Name] ?? request.endpoints[request.networkMode] ?? {};
    const endpoint = await this.#driver().add(request, { path, network: network.Id, asked });
    const sandbox: Sandbox = {
      namespace: { kind: "path", path },
      id,
      key: path,
      endpoints: { [network.Name]: endpoint.settings },
      ports: endpoint.ports,
      hostsLines: [hostsLine(endpoint.settings.IPAddress ?? "", request)],
      resolvConf: this.#resolvConf(request, true),
    };
    return { request, sandbox, network: network.Name, endpoint };
  }

  #plain(request: SandboxRequest, network: t.NetworkInspect): Held {
    const host = network.Driver === "host";
    const settings: t.EndpointSettings = {
      ...request.endpoints[network.Name],
      NetworkID: network.Id,
      EndpointID: randomId(),
    };
    const sandbox: Sandbox = {
      namespace: { kind: host ? "host" : "new" },
      id: randomId(),
      key: host ? "/var/run/docker/netns/default" : "",
      endpoints: { [network.Name]: settings },
      ports: {},
      hostsLines: [],
      resolvConf: this.#resolvConf(request, !host),
    };
    return { request, sandbox, network: network.Name };
  }

  #driver(): BridgeDriver {
    if (this.#bridge === undefined) throw new RtError("NOT_FOUND", "network bridge not found");
    return this.#bridge;
  }

  #containersOf(network: string): Record<string, t.NetworkContainer> {
    const entries = [...this.#held.values()]
      .filter((h) => h.network === network)
      .map((h): [string, t.NetworkContainer] => {
        const e = h.sandbox.endpoints[network] ?? {};
        const address = e.IPAddress ? `${e.IPAddress}/${e.IPPrefixLen}` : "";
        return [
          h.request.containerId,
          {
            Name: h.request.name,
            EndpointID: e.EndpointID ?? "",
            MacAddress: e.MacAddress ?? "",
            IPv4Address: address,
            IPv6Address: "",
          },
        ];
      });
    return Object.fromEntries(entries);
  }

  #resolvConf(request: SandboxRequest, ownNamespace: boolean): string {
    return resolvConf(readHostFile("/etc/resolv.conf"), request, ownNamespace);
  }
}

/** 64 hex digits. */
export function randomId(): string {
  return randomBytes(32).toString("hex");
}

function hostsLine(address: string, request: SandboxRequest): string {
  const full = request.domainname === "" ? "" : `${request.hostname}.${request.domainname} `;
  return `${address}\t${full}${request.hostname}`;
}

function readHostFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
