/**
 * Which servers stand for a registry, and how to reach each.
 *
 * Without configuration a registry is itself, by HTTPS; `docker.io` is `registry-1.docker.io`. Registries on the
 * loopback, and those named insecure, may have any certificate or none. `hosts.toml` in
 * `<hostsDir>/<host[:port]>/` (or `_default/`) puts mirrors in front.
 * Source: containerd docs/hosts.md; Docker's `insecure-registries`.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { parse } from "smol-toml";
import { RtError } from "../oci.ts";
import type { Connection } from "./http.ts";

/** What a server may be asked for. */
export type HostCapability = "pull" | "resolve" | "push";

/** One server that stands for a registry. */
export interface RegistryHost {
  /** Scheme, host, port and the path before `/v2/` repositories, e.g. `https://mirror:5000/v2`. */
  readonly base: string;
  readonly capabilities: readonly HostCapability[];
  readonly connection: Connection;
  /** Extra headers. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether plain HTTP may be tried where HTTPS is not spoken. */
  readonly fallBackToHttp: boolean;
  /** Whether `ns=<registry>` is added, which a mirror needs to know what it mirrors. */
  readonly mirror: boolean;
}

/** Options for {@linkcode registryHosts}. */
export interface HostOptions {
  /** Directory of `hosts.toml` files, e.g. `/etc/containerd/certs.d`. */
  readonly hostsDir?: string;
  /** Registries that may be reached without or with any certificate: `host`, `host:port` or an IPv4 CIDR. */
  readonly insecure?: readonly string[];
  /** Mirrors of Docker Hub, as URLs, tried first. */
  readonly mirrors?: readonly string[];
}

const ALL: readonly HostCapability[] = ["pull", "resolve", "push"];

/** The servers for registry `domain`, in the order in which they are tried. */
export async function registryHosts(domain: string, options: HostOptions = {}): Promise<RegistryHost[]> {
  const configured = options.hostsDir === undefined ? undefined : await readHosts(options.hostsDir, domain);
  if (configured !== undefined) return configured;
  const mirrors = domain === "docker.io" ? (options.mirrors ?? []) : [];
  return [...mirrors.map((url) => mirrorHost(url, options)), defaultHost(domain, options)];
}

function defaultHost(domain: string, options: HostOptions): RegistryHost {
  const host = domain === "docker.io" ? "registry-1.docker.io" : domain;
  const insecure = isInsecure(host, options.insecure);
  return {
    base: `https://${host}/v2`,
    capabilities: ALL,
    connection: insecure ? { skipVerify: true } : {},
    headers: {},
    fallBackToHttp: insecure,
    mirror: false,
  };
}

function mirrorHost(mirror: string, options: HostOptions): RegistryHost {
  const url = new URL(mirror);
  const insecure = isInsecure(url.host, options.insecure);
  const path = url.pathname.replace(/\/+$/, "");
  return {
    base: `${url.origin}${path.endsWith("/v2") ? path : `${path}/v2`}`,
    capabilities: ["pull", "resolve"],
    connection: insecure ? { skipVerify: true } : {},
    headers: {},
    fallBackToHttp: insecure,
    mirror: true,
  };
}

/** Whether `host` (with or without port) is on the loopback or named in `list`. */
export function isInsecure(host: string, list: readonly string[] = []): boolean {
  const name = hostName(host);
  if (name === "localhost" || name === "::1" || inCidr(name, "127.0.0.0/8")) return true;
  return list.some((entry) => entry === host || entry === name || inCidr(name, entry));
}

function hostName(host: string): string {
  const bracketed = /^\[([^\]]+)\]/.exec(host);
  return bracketed?.[1] ?? host.replace(/:\d+$/, "");
}

function inCidr(address: string, cidr: string): boolean {
  const [base = "", bits = ""] = cidr.split("/");
  const a = ipv4(address);
  const b = ipv4(base);
  if (a === undefined || b === undefined || !/^\d{1,2}$/.test(bits) || Number(bits) > 32) return false;
  const mask = bits === "0" ? 0 : (-1 << (32 - Number(bits))) >>> 0;
  return (a & mask) >>> 0 === (b & mask) >>> 0;
}

function ipv4(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || parts.some((p) => !/^\d{1,3}$/.test(p) || Number(p) > 255)) return undefined;
  return parts.reduce((n, p) => n * 256 + Number(p), 0);
}

async function readHosts(dir: string, domain: string): Promise<RegistryHost[] | undefined> {
  for (const name of [domain, domain.replace(/:(\d+)$/, "_$1_"), "_default"]) {
    const folder = join(dir, name);
    let text: string;
    try {
      text = await readFile(join(folder, "hosts.toml"), "utf8");
    } catch {
      continue;
    }
    try {
      return await parseHosts(parse(text) as Table, folder, domain);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new RtError("INVALID_ARGUMENT", `cannot read ${join(folder, "hosts.toml")}: ${reason}`, {
        cause,
      });
    }
  }
  return undefined;
}

type Table = Record<string, unknown>;

async function parseHosts(root: Table, folder: string, domain: string): Promise<RegistryHost[]> {
  const out: RegistryHost[] = [];
  for (const [url, value] of Object.entries((root.host as Table | undefined) ?? {})) {
    out.push(await parseHost(url, value as Table, folder, true));
  }
  const fallback = domain === "docker.io" ? "https://registry-1.docker.io" : `https://${domain}`;
  const server = typeof root.server === "string" ? root.server : fallback;
  out.push(await parseHost(server, root, folder, server !== fallback));
  return out;
}

async function parseHost(
  address: string,
  table: Table,
  folder: string,
  mirror: boolean,
): Promise<RegistryHost> {
  const url = new URL(/^[a-z]+:\/\//.test(address) ? address : `https://${address}`);
  const insecure = isInsecure(url.host);
  const path = url.pathname.replace(/\/+$/, "");
  const overridden = table.override_path === true || path.endsWith("/v2");
  const capabilities = strings(table.capabilities).filter((c): c is HostCapability =>
    ALL.includes(c as never),
  );
  const files = strings(table.ca).map((file) => (isAbsolute(file) ? file : join(folder, file)));
  const ca = await Promise.all(files.map((file) => readFile(file, "utf8")));
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries((table.header as Table | undefined) ?? {})) {
    headers[name] = strings(value).join(", ");
  }
  return {
    base: `${url.origin}${overridden ? path : `${path}/v2`}`,
    capabilities: capabilities.length > 0 ? capabilities : ALL,
    connection: {
      ...(ca.length > 0 && { ca }),
      ...((table.skip_verify === true || insecure) && { skipVerify: true }),
    },
    headers,
    fallBackToHttp: insecure && url.protocol === "https:",
    mirror,
  };
}

function strings(value: unknown): string[] {
  return typeof value === "string"
    ? [value]
    : Array.isArray(value)
      ? value.filter((v) => typeof v === "string")
      : [];
}
