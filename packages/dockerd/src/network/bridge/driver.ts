/**
 * The bridge driver: addresses, links, firewall and published ports of the containers on one bridge.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { hasCode, type Logger, messageOf, RtError } from "@rt/containerd/oci";
import type { EndpointSettings, PortBinding, PortMap } from "../../api/types/index.ts";
import { type PortProxy, startProxy } from "../../proxy/proxy.ts";
import type { ControllerDeps, ControllerOptions } from "../controller.ts";
import { AddressPool, formatSubnet, parseCidr } from "../ipam.ts";
import type { Sandbox, SandboxRequest } from "../network.ts";
import { PortRegistry, type PortRequest, portRequests } from "../ports.ts";
import { closePorts, installFirewall, openPorts, type PublishedPort } from "./firewall.ts";
import { createEndpoint, deleteLink, deleteNamespace, ensureBridge, linksOf } from "./link.ts";

/** A container on the bridge. */
export interface BridgeEndpoint {
  readonly settings: EndpointSettings;
  readonly ports: PortMap;
  readonly path: string;
  readonly hostLink: string;
  readonly published: readonly PublishedPort[];
  /** Proxies by `address:port`. */
  readonly proxies: readonly PortProxy[];
}

/** Where an endpoint goes. */
export interface EndpointPlace {
  /** Mount point of the namespace. */
  readonly path: string;
  /** Id of the network. */
  readonly network: string;
  /** What the user asked for. */
  readonly asked: EndpointSettings;
}

/** Joins containers to one bridge. */
export class BridgeDriver {
  readonly #deps: ControllerDeps;
  readonly #options: ControllerOptions;
  readonly #log: Logger;
  readonly #gateway: string;
  readonly #subnet: ReturnType<typeof parseCidr>["subnet"];
  readonly #pool: AddressPool;
  readonly #ports = new PortRegistry();
  readonly #background = new Set<Promise<void>>();
  #ready: Promise<void> = Promise.reject(new RtError("UNAVAILABLE", "bridge network is not started"));

  constructor(deps: ControllerDeps, options: ControllerOptions, log: Logger) {
    this.#deps = deps;
    this.#options = options;
    this.#log = log;
    const { address, subnet } = parseCidr(options.bridgeAddress);
    this.#gateway = address;
    this.#subnet = subnet;
    this.#pool = new AddressPool(subnet, [address]);
    this.#ready.catch(() => undefined);
  }

  /**
   * Makes the bridge and its firewall. The endpoints of an earlier engine keep what they have; links of others that
   * it left on the bridge are deleted. Errors come with `add`.
   */
  async start(adopted: readonly BridgeEndpoint[]): Promise<void> {
    this.#ready = this.#install(adopted);
    this.#ready.catch((e) => this.#log.warn(`bridge network is not available: ${messageOf(e)}`));
    await this.#ready.catch(() => undefined);
    for (const e of adopted) (e.proxies as PortProxy[]).push(...(await this.#proxies(e.published)));
  }

  /** Takes over an endpoint that an earlier engine made. */
  adopt(containerId: string, settings: EndpointSettings, sandbox: Sandbox): BridgeEndpoint {
    this.#pool.take(settings.IPAddress);
    const published = publishedOf(sandbox.ports, settings.IPAddress ?? "");
    for (const p of published) this.#ports.hold(p.protocol, p.hostIp, p.hostPort);
    const hostLink = hostLinkOf(containerId);
    return { settings, ports: sandbox.ports, path: sandbox.key, hostLink, published, proxies: [] };
  }

  /**
   * Gives a container its namespace, address and ports; on failure nothing is left.
   *
   * @throws {RtError} `CONFLICT` about ports, in Docker's words.
   */
  async add(request: SandboxRequest, place: EndpointPlace): Promise<BridgeEndpoint> {
    await this.#ready;
    const asked = portRequests(request.portBindings, request.exposedPorts, request.publishAllPorts);
    const address = this.#pool.take(place.asked.IPAMConfig?.IPv4Address);
    const settings = this.#settings(place, address);
    const hostLink = hostLinkOf(request.containerId);
    const link = {
      path: place.path,
      hostLink,
      bridge: this.#options.bridge,
      address,
      prefixLength: this.#subnet.prefixLength,
      gateway: this.#gateway,
      mac: settings.MacAddress ?? "",
    };
    const [made, ports] = await Promise.allSettled([
      createEndpoint(this.#deps.kernel, link),
      this.#publish(asked, address),
    ]);
    if (made.status === "fulfilled" && ports.status === "fulfilled") {
      return {
        settings,
        ports: portMap(ports.value.published, request),
        path: place.path,
        hostLink,
        ...ports.value,
      };
    }
    if (ports.status === "fulfilled") await this.#unpublish(ports.value.published, ports.value.proxies);
    if (made.status === "fulfilled") await this.#unlink(place.path, hostLink);
    this.#pool.give(address);
    if (made.status === "rejected") throw made.reason;
    const reason = (ports as PromiseRejectedResult).reason;
    const what = `driver failed programming external connectivity on endpoint ${request.name} (${settings.EndpointID})`;
    throw new RtError("INTERNAL", `${what}: ${messageOf(reason)}`, { cause: reason });
  }

  /** Takes everything back; the link and its address go in the background. */
  async remove(endpoint: BridgeEndpoint): Promise<void> {
    await this.#unpublish(endpoint.published, endpoint.proxies);
    await deleteNamespace(this.#deps.kernel, endpoint.path);
    this.#inBackground(
      deleteLink(this.#deps.kernel, endpoint.hostLink).then(() =>
        this.#pool.give(endpoint.settings.IPAddress ?? ""),
      ),
    );
  }

  /** Resolves when nothing is under way in the background. */
  async settle(): Promise<void> {
    while (this.#background.size > 0) await Promise.all(this.#background);
  }

  async #install(adopted: readonly BridgeEndpoint[]): Promise<void> {
    const { kernel, nft } = this.#deps;
    const { bridge, firewall, ipForward } = this.#options;
    const published = adopted.flatMap((e) => e.published);
    await ensureBridge(kernel, bridge, this.#gateway, this.#subnet.prefixLength);
    const kept = new Set(adopted.map((e) => e.hostLink));
    for (const link of linksOf(bridge)) if (!kept.has(link)) await deleteLink(kernel, link);
    if (ipForward) enableForwarding();
    if (firewall) await installFirewall(nft, bridge, formatSubnet(this.#subnet), published.filter(isIpv4));
  }

  #settings(place: EndpointPlace, address: string): EndpointSettings {
    const mac = place.asked.MacAddress || macOf(address);
    return {
      IPAMConfig: place.asked.IPAMConfig ?? null,
      Links: place.asked.Links ?? null,
      Aliases: place.asked.Aliases ?? null,
      MacAddress: mac,
      DriverOpts: place.asked.DriverOpts ?? null,
      GwPriority: 0,
      NetworkID: place.network,
      EndpointID: randomBytes(32).toString("hex"),
      Gateway: this.#gateway,
      IPAddress: address,
      IPPrefixLen: this.#subnet.prefixLength,
      IPv6Gateway: "",
      GlobalIPv6Address: "",
      GlobalIPv6PrefixLen: 0,
      DNSNames: null,
    };
  }

  async #publish(
    requests: readonly PortRequest[],
    address: string,
  ): Promise<{ published: PublishedPort[]; proxies: PortProxy[] }> {
    const published: PublishedPort[] = [];
    const proxies: PortProxy[] = [];
    try {
      for (const r of requests) {
        const one = await this.#publishOne(r, address);
        published.push(...one.published);
        proxies.push(...one.proxies);
      }
      if (this.#options.firewall)
        await openPorts(this.#deps.nft, this.#options.bridge, published.filter(isIpv4));
      return { published, proxies };
    } catch (cause) {
      await this.#drop(published, proxies);
      throw cause;
    }
  }

  /** Takes a port and listens on it; an ephemeral one that a stranger holds is tried again with the next. */
  async #publishOne(
    r: PortRequest,
    address: string,
  ): Promise<{ published: PublishedPort[]; proxies: PortProxy[] }> {
    for (let tries = 0; ; tries++) {
      const hostPort = this.#ports.take(r);
      const published = r.hostIps.map((hostIp) => ({
        protocol: r.protocol,
        hostIp,
        hostPort,
        containerIp: address,
        containerPort: r.containerPort,
      }));
      try {
        const proxies = await this.#proxies(published);
        return { published, proxies };
      } catch (cause) {
        this.#ports.give(r.protocol, r.hostIps, hostPort);
        if (r.first === 0 && tries < 100 && hasCode(cause, "CONFLICT")) continue;
        throw new RtError("CONFLICT", `Error starting userland proxy: ${messageOf(cause)}`, { cause });
      }
    }
  }

  /** Proxies for the TCP ports among `published`; without IPv6 on the host its wildcard is left out. */
  async #proxies(published: readonly PublishedPort[]): Promise<PortProxy[]> {
    if (!this.#options.userlandProxy) return [];
    const started: PortProxy[] = [];
    for (const p of published.filter((q) => q.protocol === "tcp")) {
      try {
        started.push(await startProxy(this.#deps.kernel, p));
      } catch (cause) {
        if (p.hostIp === "::" && !hasCode(cause, "CONFLICT")) continue;
        await Promise.all(started.map((s) => s.stop()));
        throw cause;
      }
    }
    return started;
  }

  async #unpublish(published: readonly PublishedPort[], proxies: readonly PortProxy[]): Promise<void> {
    if (this.#options.firewall)
      await closePorts(this.#deps.nft, this.#options.bridge, published.filter(isIpv4));
    await this.#drop(published, proxies);
  }

  async #drop(published: readonly PublishedPort[], proxies: readonly PortProxy[]): Promise<void> {
    await Promise.all(proxies.map((p) => p.stop()));
    for (const p of published) this.#ports.give(p.protocol, [p.hostIp], p.hostPort);
  }

  async #unlink(path: string, hostLink: string): Promise<void> {
    await deleteNamespace(this.#deps.kernel, path);
    await deleteLink(this.#deps.kernel, hostLink);
  }

  #inBackground(work: Promise<void>): void {
    const done = work
      .catch((e) => this.#log.warn(`cannot release endpoint: ${messageOf(e)}`))
      .finally(() => this.#background.delete(done));
    this.#background.add(done);
  }
}

function isIpv4(p: PublishedPort): boolean {
  return !p.hostIp.includes(":");
}

/** Name of the host's end of a container's pair: the same for the same container, so that a restart finds it. */
export function hostLinkOf(containerId: string): string {
  return `veth${containerId.slice(0, 7)}`;
}

/** Docker's address from an address: `02:42` and the four bytes. */
export function macOf(address: string): string {
  const bytes = address.split(".").map((n) => Number(n).toString(16).padStart(2, "0"));
  return ["02", "42", ...bytes].join(":");
}

/** `Ports` of inspect: bindings by container port, null where a port is only exposed. */
function portMap(published: readonly PublishedPort[], request: SandboxRequest): PortMap {
  const map: PortMap = Object.fromEntries(Object.keys(request.exposedPorts).map((k) => [k, null]));
  for (const p of published) {
    const binding: PortBinding = { HostIp: p.hostIp, HostPort: `${p.hostPort}` };
    const key = `${p.containerPort}/${p.protocol}`;
    map[key] = [...(map[key] ?? []), binding];
  }
  return map;
}

function publishedOf(ports: Readonly<PortMap>, containerIp: string): PublishedPort[] {
  return Object.entries(ports).flatMap(([key, bindings]) => {
    const [port = "", protocol] = key.split("/");
    return (bindings ?? []).map((b) => ({
      protocol: protocol === "udp" ? "udp" : "tcp",
      hostIp: b.HostIp ?? "0.0.0.0",
      hostPort: Number(b.HostPort),
      containerIp,
      containerPort: Number(port),
    }));
  });
}

function enableForwarding(): void {
  const file = "/proc/sys/net/ipv4/ip_forward";
  if (readFileSync(file, "utf8").trim() !== "1") writeFileSync(file, "1");
}
