/**
 * Network records: the predefined networks with ids that stay the same over restarts.
 *
 * File: `<data-root>/network/networks.json`, the ids by name.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Filters, NetworkInspect } from "../api/types/index.ts";
import { formatSubnet, parseCidr } from "./ipam.ts";
import { networkRecord } from "./network.ts";

/** The default bridge, where there is one. */
export interface BridgeRecordOptions {
  readonly bridge: string;
  readonly bridgeAddress: string;
}

interface Saved {
  readonly created: string;
  readonly ids: Record<string, string>;
}

/** The networks of an engine. */
export class NetworkRecords {
  readonly #networks: readonly NetworkInspect[];

  /** Reads the ids of an earlier engine, or makes them. */
  constructor(dir: string, bridge: BridgeRecordOptions | undefined) {
    const saved = load(dir);
    const record = (Name: string, Driver: string, rest: Partial<NetworkInspect> = {}): NetworkInspect =>
      networkRecord({ Name, Driver, Id: saved.ids[Name] ?? "", Created: saved.created, ...rest });
    const plain = [record("host", "host"), record("none", "null")];
    this.#networks =
      bridge === undefined ? plain : [record("bridge", "bridge", bridgeFields(bridge)), ...plain];
  }

  /** The network with this name, id, or unique id prefix. */
  find(name: string): NetworkInspect | undefined {
    const exact = this.#networks.find((n) => n.Name === name || n.Id === name);
    if (exact !== undefined) return exact;
    const byPrefix = /^[0-9a-f]{3,}$/.test(name) ? this.#networks.filter((n) => n.Id.startsWith(name)) : [];
    return byPrefix.length === 1 ? byPrefix[0] : undefined;
  }

  /** Networks that match `filters` (`name`, `id`, `driver`, `type`, `scope`). */
  list(filters: Filters): NetworkInspect[] {
    const matches = (key: string, test: (value: string) => boolean): boolean =>
      filters[key] === undefined || filters[key].some(test);
    return this.#networks.filter(
      (n) =>
        matches("name", (v) => n.Name.includes(v)) &&
        matches("id", (v) => n.Id.startsWith(v)) &&
        matches("driver", (v) => n.Driver === v) &&
        matches("scope", (v) => n.Scope === v) &&
        matches("type", (v) => v === "builtin") &&
        matches("dangling", (v) => v === "false" || v === "0") &&
        matches("label", () => false),
    );
  }
}

function bridgeFields(bridge: BridgeRecordOptions): Partial<NetworkInspect> {
  const { address, subnet } = parseCidr(bridge.bridgeAddress);
  return {
    IPAM: { Driver: "default", Options: null, Config: [{ Subnet: formatSubnet(subnet), Gateway: address }] },
    Options: {
      "com.docker.network.bridge.default_bridge": "true",
      "com.docker.network.bridge.enable_icc": "true",
      "com.docker.network.bridge.enable_ip_masquerade": "true",
      "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
      "com.docker.network.bridge.name": bridge.bridge,
      "com.docker.network.driver.mtu": "1500",
    },
  };
}

function load(dir: string): Saved {
  const file = join(dir, "networks.json");
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as Saved;
  const ids = Object.fromEntries(["bridge", "host", "none"].map((n) => [n, randomBytes(32).toString("hex")]));
  const saved: Saved = { created: new Date().toISOString(), ids };
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.tmp`, JSON.stringify(saved), { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
  return saved;
}
