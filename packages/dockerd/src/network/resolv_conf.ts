/**
 * A container's `/etc/resolv.conf`, made from the host's and from what the container asks for.
 *
 * Source: resolv.conf(5); moby `libnetwork/internal/resolvconf`: name servers of the host's loopback are of no use in
 * a container's own namespace, and without any other the public defaults are taken.
 *
 * @module
 */

/** What a container asks for. */
export interface ResolverRequest {
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
}

const DEFAULT_SERVERS = ["8.8.8.8", "8.8.4.4"];

/** The content of `resolv.conf`; `host` is the host's, `ownNamespace` whether the host's loopback is out of reach. */
export function resolvConf(host: string, request: ResolverRequest, ownNamespace: boolean): string {
  const unchanged = request.dns.length + request.dnsSearch.length + request.dnsOptions.length === 0;
  const servers = valuesOf(host, "nameserver").filter((s) => !ownNamespace || !isLoopback(s));
  if (
    unchanged &&
    (!ownNamespace || servers.length === valuesOf(host, "nameserver").length) &&
    servers.length > 0
  )
    return host.endsWith("\n") ? host : `${host}\n`;
  const chosen = request.dns.length > 0 ? request.dns : servers.length > 0 ? servers : DEFAULT_SERVERS;
  const search = request.dnsSearch.length > 0 ? request.dnsSearch : valuesOf(host, "search");
  const options = request.dnsOptions.length > 0 ? request.dnsOptions : valuesOf(host, "options");
  const lines = chosen.map((s) => `nameserver ${s}`);
  if (search.length > 0 && search.join() !== ".") lines.unshift(`search ${search.join(" ")}`);
  if (options.length > 0) lines.push(`options ${options.join(" ")}`);
  return `${lines.join("\n")}\n`;
}

/** The words behind every line of `key`. */
function valuesOf(text: string, key: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([word]) => word === key)
    .flatMap((words) => words.slice(1));
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}
