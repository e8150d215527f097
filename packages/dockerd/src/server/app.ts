/**
 * The Engine API as a function from request to reply: version prefix, common headers, routing, error mapping.
 *
 * Source: moby `daemon/server/server.go`, `daemon/server/middleware/version.go`.
 *
 * @module
 */
import { RegExpRouter } from "hono/router/reg-exp-router";
import { SmartRouter } from "hono/router/smart-router";
import { TrieRouter } from "hono/router/trie-router";
import { API_VERSION, compareVersions, ENGINE_VERSION, MIN_API_VERSION } from "../api/version.ts";
import { InvalidParameterError, messageOf } from "../errors.ts";
import type { Logger } from "../oci.ts";
import { type ApiRequest, type Handler, type Reply, type ReplyHeaders, sendJson } from "./exchange.ts";
import { statusOf } from "./http_status.ts";

/** One route: method, path without version, handler. A parameter with `{.+}` takes slashes too. */
export type Route = readonly [method: string, path: string, handler: Handler];

/** A request before routing. */
export type UnroutedRequest = Omit<ApiRequest, "params" | "version" | "path" | "query"> & {
  readonly url: string;
};

/** Answers requests. Never rejects. */
export type App = (request: UnroutedRequest, reply: Reply) => Promise<void>;

/** Headers of every reply to a known path. */
export const COMMON_HEADERS: ReplyHeaders = {
  "Api-Version": API_VERSION,
  "Docker-Experimental": "false",
  Ostype: "linux",
  Server: `Docker/${ENGINE_VERSION} (linux)`,
};

/** Joins `routes` to one {@linkcode App}. */
export function createApp(routes: readonly Route[], options: { readonly log: Logger }): App {
  const router = new SmartRouter<Handler>({ routers: [new RegExpRouter(), new TrieRouter()] });
  for (const [method, path, handler] of routes) router.add(method, path, handler);

  return async (request, reply) => {
    try {
      const { path, version, search } = splitUrl(request.url);
      const [matches, stash] = router.match(request.method, path) as unknown as [
        [Handler, Record<string, string | number>][],
        string[] | undefined,
      ];
      const found = matches[0];
      if (found === undefined) {
        sendJson(reply, 404, { message: "page not found" });
        return;
      }
      checkVersion(version);
      const params: Record<string, string> = {};
      for (const [name, value] of Object.entries(found[1])) {
        const raw = typeof value === "number" ? (stash?.[value] ?? "") : value;
        params[name] = decodeComponent(raw);
      }
      await found[0](routed(request, { path, version, params, query: new URLSearchParams(search) }), reply);
    } catch (err) {
      const status = statusOf(err);
      options.log.debug("request failed", { method: request.method, url: request.url, status, err });
      if (reply.started) return;
      if (status === 304) reply.send(304, {});
      else sendJson(reply, status, { message: messageOf(err) });
    }
  };
}

/** The routed request; a view on the unrouted one, so that its lazy members stay lazy. */
function routed(
  request: UnroutedRequest,
  route: Pick<ApiRequest, "path" | "version" | "params" | "query">,
): ApiRequest {
  return {
    ...route,
    method: request.method,
    headers: request.headers,
    get signal() {
      return request.signal;
    },
    get body() {
      return request.body;
    },
  };
}

/** Splits a request target into version, path and query. */
function splitUrl(url: string): { path: string; version: string; search: string } {
  const mark = url.indexOf("?");
  const full = mark < 0 ? url : url.slice(0, mark);
  const search = mark < 0 ? "" : url.slice(mark + 1);
  const match = /^\/v([0-9][0-9.]*)(\/.*)$/.exec(full);
  if (match === null) return { path: full, version: API_VERSION, search };
  return { path: match[2]!, version: match[1]!, search };
}

/** Refuses a version that is not served. @throws {InvalidParameterError}. */
function checkVersion(version: string): void {
  if (compareVersions(version, MIN_API_VERSION) < 0) {
    throw new InvalidParameterError(
      `client version ${version} is too old. Minimum supported API version is ${MIN_API_VERSION}, please upgrade your client to a newer version`,
    );
  }
  if (compareVersions(version, API_VERSION) > 0) {
    throw new InvalidParameterError(
      `client version ${version} is too new. Maximum supported API version is ${API_VERSION}`,
    );
  }
}

/** A path component without its percent codes. */
function decodeComponent(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch (cause) {
    throw new InvalidParameterError(`invalid URL escape in ${JSON.stringify(raw)}`, { cause });
  }
}
