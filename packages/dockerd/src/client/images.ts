/**
 * Images over HTTP.
 *
 * Source: moby `client/image_*.go`.
 *
 * @module
 */
import type { ImagesApi } from "../api/engine.ts";
import type { AuthConfig } from "../api/types/index.ts";
import { filterText } from "./containers.ts";
import { progress } from "./streams.ts";
import type { EngineTransport } from "./transport.ts";

/** Credentials as the engine takes them. */
function authHeaders(auth: AuthConfig | undefined): Record<string, string> {
  return { "X-Registry-Auth": Buffer.from(JSON.stringify(auth ?? {})).toString("base64url") };
}

/** An image's name in a path; its slashes stay. */
function path(name: string, verb = ""): string {
  return `/images/${name.split("/").map(encodeURIComponent).join("/")}${verb}`;
}

/** Images of the engine behind `http`. */
export function imagesClient(http: EngineTransport): ImagesApi {
  return {
    list: ({ signal, all, digests, filters } = {}) =>
      http.json("GET", "/images/json", { signal, query: { all, digests, filters: filterText(filters) } }),
    inspect: (name, { signal, manifests } = {}) =>
      http.json("GET", path(name, "/json"), { signal, query: { manifests } }),
    history: (name, { signal } = {}) => http.json("GET", path(name, "/history"), { signal }),
    pull: (name, { signal, tag, platform, auth } = {}) =>
      progress(
        http.send("POST", "/images/create", {
          signal,
          query: { fromImage: name, tag, platform },
          headers: authHeaders(auth),
        }),
      ),
    push: (name, { signal, tag, platform, auth } = {}) =>
      progress(
        http.send("POST", path(name, "/push"), {
          signal,
          query: { tag, platform },
          headers: authHeaders(auth),
        }),
      ),
    import: (body, { signal, repo, tag, message, changes, platform } = {}) =>
      progress(
        http.send("POST", "/images/create", {
          signal,
          body,
          query: { fromSrc: "-", repo, tag, message, changes, platform },
          headers: { "Content-Type": "application/x-tar" },
        }),
      ),
    load: (body, { signal, quiet, platform } = {}) =>
      progress(
        http.send("POST", "/images/load", {
          signal,
          body,
          query: { quiet, platform },
          headers: { "Content-Type": "application/x-tar" },
        }),
      ),
    save: (names, { signal } = {}) => http.send("GET", "/images/get", { signal, query: { names } }),
    tag: (name, { repo, tag }, { signal } = {}) =>
      http.done("POST", path(name, "/tag"), { signal, query: { repo, tag } }),
    remove: (name, { signal, force, noPrune } = {}) =>
      http.json("DELETE", path(name), { signal, query: { force, noprune: noPrune } }),
    prune: ({ signal, filters } = {}) =>
      http.json("POST", "/images/prune", { signal, query: { filters: filterText(filters) } }),
    distribution: (name, { signal, auth } = {}) =>
      http.json("GET", `/distribution/${name.split("/").map(encodeURIComponent).join("/")}/json`, {
        signal,
        headers: authHeaders(auth),
      }),
  };
}
