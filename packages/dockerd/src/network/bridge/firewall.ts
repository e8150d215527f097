/**
 * Firewall of one bridge: source NAT outwards, destination NAT for published ports, and nothing else gets in.
 *
 * One nftables table per bridge, named after it, so that user tables and other stacks are never touched:
 *
 * - `nat-out`: what leaves the subnet by another link is masqueraded.
 * - `publish`: connections to a local address and a published port go to the container, except those that come from
 *   the bridge itself or to 127.0.0.0/8, which the port proxy serves.
 * - `forward`: into the bridge only answers, published ports and traffic between its containers. A user's own drop in
 *   any table stays final.
 *
 * @module
 */
import type { Nftables } from "../../host/nftables.ts";

/** A published port. */
export interface PublishedPort {
  readonly protocol: "tcp" | "udp";
  /** Address of the host, dotted; `0.0.0.0` for all. */
  readonly hostIp: string;
  readonly hostPort: number;
  readonly containerIp: string;
  readonly containerPort: number;
}

/** Makes the table of `bridge` anew, with the ports of the containers that run. */
export async function installFirewall(
  nft: Nftables,
  bridge: string,
  subnet: string,
  ports: readonly PublishedPort[],
): Promise<void> {
  await nft.apply(`${tableScript(bridge, subnet)}${ports.map((p) => elements("add", bridge, p)).join("")}`);
}

/** Adds published ports in one transaction. */
export async function openPorts(
  nft: Nftables,
  bridge: string,
  ports: readonly PublishedPort[],
): Promise<void> {
  if (ports.length > 0) await nft.apply(ports.map((p) => elements("add", bridge, p)).join(""));
}

/** Takes published ports away in one transaction. */
export async function closePorts(
  nft: Nftables,
  bridge: string,
  ports: readonly PublishedPort[],
): Promise<void> {
  if (ports.length > 0) await nft.apply(ports.map((p) => elements("delete", bridge, p)).join(""));
}

/** Deletes the table. */
export async function removeFirewall(nft: Nftables, bridge: string): Promise<void> {
  await nft.apply(`table ip ${bridge} {}\ndelete table ip ${bridge}\n`);
}

function elements(verb: "add" | "delete", bridge: string, p: PublishedPort): string {
  const to = `${p.containerIp} . ${p.containerPort}`;
  const anywhere = p.hostIp === "0.0.0.0";
  const key = anywhere ? `${p.protocol} . ${p.hostPort}` : `${p.hostIp} . ${p.protocol} . ${p.hostPort}`;
  const map = anywhere ? "any-address" : "one-address";
  return `${verb} element ip ${bridge} ${map} { ${key} : ${to} }\n`;
}

/** The table without any port. `delete` behind an empty definition makes it idempotent. */
export function tableScript(bridge: string, subnet: string): string {
  const publish = [
    "ip daddr . meta l4proto . th dport map @one-address",
    "meta l4proto . th dport map @any-address",
  ].map((by) => `fib daddr type local dnat ip addr . port to ${by}`);
  return `table ip ${bridge} {}
delete table ip ${bridge}
table ip ${bridge} {
  map one-address { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
  map any-address { type inet_proto . inet_service : ipv4_addr . inet_service; }
  chain publish {
    type nat hook prerouting priority -100; policy accept;
    iifname "${bridge}" return
    ${publish.join("\n    ")}
  }
  chain publish-local {
    type nat hook output priority -100; policy accept;
    ip daddr 127.0.0.0/8 return
    ${publish.join("\n    ")}
  }
  chain nat-out {
    type nat hook postrouting priority 100; policy accept;
    ip saddr ${subnet} oifname != "${bridge}" masquerade
  }
  chain forward {
    type filter hook forward priority 0; policy accept;
    oifname "${bridge}" ct state established,related accept
    oifname "${bridge}" iifname "${bridge}" accept
    oifname "${bridge}" ct status dnat accept
    oifname "${bridge}" drop
  }
}
`;
}
