/**
 * A network controller without kernel work: `none` and `host`, and nothing else.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { NetworkInspect } from "../api/types/index.ts";
import { newId } from "../container/names.ts";
import { writeAtomically } from "../container/store.ts";
import { NotFoundError, NotImplementedError, RtError } from "../errors.ts";
import { formatNano, type NanoClock } from "../time.ts";
import { type NetworkController, networkRecord, PREDEFINED_NETWORKS } from "./network.ts";

/** Options of {@linkcode createBasicNetworks}. */
export interface BasicNetworksOptions {
  /** Directory for the ids of the networks. */
  readonly root: string;
  readonly clock: NanoClock;
}

/** Makes the controller; ids of networks are kept over restarts. */
export async function createBasicNetworks(options: BasicNetworksOptions): Promise<NetworkController> {
  const path = join(options.root, "networks.json");
  const kept = await readFile(path, "utf8").then(
    (text) => JSON.parse(text) as NetworkInspect[],
    () => undefined,
  );
  const networks = kept ?? [
    networkRecord({ Name: "host", Id: newId(), Created: formatNano(options.clock()), Driver: "host" }),
    networkRecord({ Name: "none", Id: newId(), Created: formatNano(options.clock()), Driver: "null" }),
  ];
  if (kept === undefined) await writeAtomically(path, JSON.stringify(networks));

  const find = (name: string): NetworkInspect | undefined =>
    networks.find((n) => n.Name === name || n.Id === name) ??
    networks.find((n) => name.length >= 4 && n.Id.startsWith(name));
  const get = (name: string): NetworkInspect => {
    const found = find(name);
    if (found === undefined) throw new NotFoundError(`network ${name} not found`);
    return found;
  };
  const unsupported = (): never => {
    throw new NotImplementedError("this engine has only the networks none and host");
  };
  return {
    async restore() {},
    async allocate(request) {
      const network = get(request.networkMode);
      const isHost = network.Driver === "host";
      const resolv = await readFile("/etc/resolv.conf", "utf8").catch(() => "");
      const asked = request.endpoints[network.Name] ?? {};
      return {
        namespace: { kind: isHost ? "host" : "new" },
        id: newId(),
        key: "",
        endpoints: { [network.Name]: { ...asked, NetworkID: network.Id } },
        ports: {},
        hostsLines: [],
        resolvConf: resolv,
      };
    },
    async release() {},
    find,
    list: async () => networks,
    inspect: async (name) => get(name),
    create: async () => unsupported(),
    connect: async () => unsupported(),
    disconnect: async () => unsupported(),
    async remove(name) {
      const network = get(name);
      if (PREDEFINED_NETWORKS.includes(network.Name)) {
        throw new RtError(
          "PERMISSION_DENIED",
          `${network.Name} is a pre-defined network and cannot be removed`,
        );
      }
    },
    prune: async () => ({ NetworksDeleted: null }),
    async [Symbol.asyncDispose]() {},
  };
}
