/**
 * EngineClient: the {@linkcode Engine} over HTTP, against ours or the real dockerd.
 *
 * @module
 */
import type { Engine, NetworksApi, SystemApi, VolumesApi } from "../api/engine.ts";
import type { EventMessage } from "../api/types/index.ts";
import { containersClient, execsClient, filterText, segment } from "./containers.ts";
import { imagesClient } from "./images.ts";
import { jsonLines } from "./streams.ts";
import { createTransport, type EngineTransport } from "./transport.ts";

/** The engine itself. */
function systemClient(http: EngineTransport): SystemApi {
  return {
    async ping({ signal } = {}) {
      const res = await http.send("GET", "/_ping", { signal });
      res.resume();
      const header = (name: string): string => String(res.headers[name] ?? "");
      return {
        apiVersion: header("api-version"),
        osType: header("ostype"),
        experimental: header("docker-experimental") === "true",
        builderVersion: header("builder-version"),
      };
    },
    version: ({ signal } = {}) => http.json("GET", "/version", { signal }),
    info: ({ signal } = {}) => http.json("GET", "/info", { signal }),
    async events({ signal, since, until, filters } = {}) {
      const query = { since, until, filters: filterText(filters) };
      return jsonLines<EventMessage>(await http.send("GET", "/events", { signal, query }));
    },
    diskUsage: ({ signal } = {}) => http.json("GET", "/system/df", { signal }),
    auth: (json, { signal } = {}) => http.json("POST", "/auth", { signal, json }),
  };
}

/** Volumes. */
function volumesClient(http: EngineTransport): VolumesApi {
  const path = (name: string): string => `/volumes/${segment(name)}`;
  return {
    list: ({ signal, filters } = {}) =>
      http.json("GET", "/volumes", { signal, query: { filters: filterText(filters) } }),
    create: (json, { signal } = {}) => http.json("POST", "/volumes/create", { signal, json }),
    inspect: (name, { signal } = {}) => http.json("GET", path(name), { signal }),
    remove: (name, { signal, force } = {}) => http.done("DELETE", path(name), { signal, query: { force } }),
    prune: ({ signal, filters } = {}) =>
      http.json("POST", "/volumes/prune", { signal, query: { filters: filterText(filters) } }),
  };
}

/** Networks. */
function networksClient(http: EngineTransport): NetworksApi {
  const path = (name: string, verb = ""): string => `/networks/${segment(name)}${verb}`;
  return {
    list: ({ signal, filters } = {}) =>
      http.json("GET", "/networks", { signal, query: { filters: filterText(filters) } }),
    inspect: (name, { signal } = {}) => http.json("GET", path(name), { signal }),
    create: (json, { signal } = {}) => http.json("POST", "/networks/create", { signal, json }),
    connect: (name, json, { signal } = {}) => http.done("POST", path(name, "/connect"), { signal, json }),
    disconnect: (name, json, { signal } = {}) =>
      http.done("POST", path(name, "/disconnect"), { signal, json }),
    remove: (name, { signal } = {}) => http.done("DELETE", path(name), { signal }),
    prune: ({ signal, filters } = {}) =>
      http.json("POST", "/networks/prune", { signal, query: { filters: filterText(filters) } }),
  };
}

/** Options of {@linkcode createEngineClient}. */
export interface EngineClientOptions {
  /** `unix:///path`, a path, or `tcp://host:port`. */
  readonly address: string;
}

/**
 * A client of the engine at `options.address`. Connects with the first call and speaks the newest version that both
 * sides know.
 *
 * @throws {InvalidParameterError} `INVALID_ARGUMENT` for an address that cannot be parsed. Calls reject with
 * `UNAVAILABLE` while the engine does not answer.
 *
 * @example
 * ```ts ignore
 * await using engine = createEngineClient({ address: "unix:///var/run/docker.sock" });
 * const { Id } = await engine.containers.create({ Image: "busybox", Cmd: ["echo", "hi"] });
 * await engine.containers.start(Id);
 * ```
 */
export function createEngineClient(options: EngineClientOptions): Engine {
  const http = createTransport(options.address);
  return {
    system: systemClient(http),
    containers: containersClient(http),
    execs: execsClient(http),
    images: imagesClient(http),
    volumes: volumesClient(http),
    networks: networksClient(http),
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  };
}
