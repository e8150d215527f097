/**
 * Published ports: what a container asks for, on which ports of the host it is served, and who holds which.
 *
 * @module
 */
import { RtError } from "@rt/containerd/oci";
import type { EmptyObject, PortBinding, PortMap } from "../api/types/index.ts";

/** One binding that a container asks for. */
export interface PortRequest {
  /** e.g. `80/tcp`. */
  readonly key: string;
  readonly protocol: "tcp" | "udp";
  readonly containerPort: number;
  /** Addresses of the host: the one asked for, or both families' wildcards. */
  readonly hostIps: readonly string[];
  /** First and last port that will do; 0 and 0 for any. */
  readonly first: number;
  readonly last: number;
}

/** Ephemeral ports as Docker takes them from `net.ipv4.ip_local_port_range`. */
export const EPHEMERAL: { readonly first: number; readonly last: number } = { first: 32768, last: 60999 };

/** The bindings of a container; `publishAll` adds one for each exposed port without. @throws {RtError} `INVALID_ARGUMENT` */
export function portRequests(
  bindings: Readonly<PortMap>,
  exposed: Readonly<Record<string, EmptyObject>>,
  publishAll: boolean,
): PortRequest[] {
  const asked = Object.entries(bindings).flatMap(([key, list]) => (list ?? []).map((b) => request(key, b)));
  if (!publishAll) return asked;
  const have = new Set(asked.map((r) => r.key));
  const rest = Object.keys(exposed).filter((key) => !have.has(normalKey(key)));
  return [...asked, ...rest.map((key) => request(key, {}))];
}

/** `80` and `80/TCP` as `80/tcp`. */
export function normalKey(key: string): string {
  const [port = "", protocol = "tcp"] = key.toLowerCase().split("/");
  return `${port}/${protocol}`;
}

function request(rawKey: string, binding: PortBinding): PortRequest {
  const key = normalKey(rawKey);
  const [port = "", protocol] = key.split("/");
  if (protocol !== "tcp" && protocol !== "udp")
    throw new RtError("NOT_IMPLEMENTED", `cannot publish ${key}: only tcp and udp`);
  const [first = 0, last = first] = (binding.HostPort ?? "").split("-").map((n) => parsePort(n, key));
  const ip = binding.HostIp ?? "";
  const hostIps = ip === "" ? ["0.0.0.0", "::"] : [ip];
  return { key, protocol, containerPort: parsePort(port, key), hostIps, first, last };
}

function parsePort(text: string, key: string): number {
  if (text === "") return 0;
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535)
    throw new RtError("INVALID_ARGUMENT", `invalid port specification: "${text}" for ${key}`);
  return port;
}

/** Which ports of the host are given out. */
export class PortRegistry {
  readonly #held = new Set<string>();
  #next = EPHEMERAL.first;

  /**
   * Takes a free port for `request`; the same for all its addresses.
   *
   * @throws {RtError} `CONFLICT` with Docker's text `Bind for 0.0.0.0:80 failed: port is already allocated`.
   */
  take(request: PortRequest): number {
    const ephemeral = request.first === 0;
    const { first, last } = ephemeral ? EPHEMERAL : request;
    for (let tries = last - first + 1; tries > 0; tries--) {
      const port = ephemeral ? this.#nextEphemeral() : last - tries + 1;
      if (this.#isFree(request, port)) {
        for (const ip of request.hostIps) this.#held.add(keyOf(request.protocol, ip, port));
        return port;
      }
    }
    const where = `${request.hostIps[0]}:${first}`;
    const reason = ephemeral
      ? "all ports are allocated"
      : `Bind for ${where} failed: port is already allocated`;
    throw new RtError("CONFLICT", reason);
  }

  /** Gives a port back. */
  give(protocol: string, hostIps: readonly string[], port: number): void {
    for (const ip of hostIps) this.#held.delete(keyOf(protocol, ip, port));
  }

  /** Notes a port that a container of an earlier engine holds. */
  hold(protocol: string, hostIp: string, port: number): void {
    this.#held.add(keyOf(protocol, hostIp, port));
  }

  #isFree(request: PortRequest, port: number): boolean {
    const wildcard = (ip: string): string => (ip.includes(":") ? "::" : "0.0.0.0");
    return request.hostIps.every((ip) => {
      const taken = (other: string): boolean => this.#held.has(keyOf(request.protocol, other, port));
      if (ip === wildcard(ip)) {
        const family = ip.includes(":");
        for (const k of this.#held) {
          const [protocol, address = "", p] = k.split("|");
          if (protocol === request.protocol && Number(p) === port && address.includes(":") === family)
            return false;
        }
        return true;
      }
      return !taken(ip) && !taken(wildcard(ip));
    });
  }

  #nextEphemeral(): number {
    const port = this.#next;
    this.#next = port >= EPHEMERAL.last ? EPHEMERAL.first : port + 1;
    return port;
  }
}

function keyOf(protocol: string, ip: string, port: number): string {
  return `${protocol}|${ip}|${port}`;
}
