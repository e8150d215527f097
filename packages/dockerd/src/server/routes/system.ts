/**
 * Routes of the engine itself: ping, version, info, events, disk usage, auth.
 *
 * Source: moby `daemon/server/router/system/system_routes.go`.
 *
 * @module
 */
import type { Engine } from "../../api/engine.ts";
import type { AuthConfig } from "../../api/types/index.ts";
import type { Route } from "../app.ts";
import { type Handler, readJson, sendJson } from "../exchange.ts";
import { filtersValue, textValue } from "../query.ts";
import { sendJsonLines } from "../stream_reply.ts";

/** Routes of `engine.system`. */
export function systemRoutes({ system }: Pick<Engine, "system">): Route[] {
  const ping: Handler = async (request, reply) => {
    const { builderVersion } = await system.ping();
    const body = request.method === "HEAD" ? "" : "OK";
    reply.send(
      200,
      {
        "Content-Type": "text/plain; charset=utf-8",
        "Cache-Control": "no-cache, no-store, must-revalidate",
        Pragma: "no-cache",
        "Builder-Version": builderVersion,
        Swarm: "inactive",
      },
      body,
    );
  };
  return [
    ["GET", "/_ping", ping],
    ["HEAD", "/_ping", ping],
    ["GET", "/version", async (_request, reply) => sendJson(reply, 200, await system.version())],
    [
      "GET",
      "/info",
      async (request, reply) => sendJson(reply, 200, await system.info({ signal: request.signal })),
    ],
    [
      "GET",
      "/system/df",
      async (request, reply) => sendJson(reply, 200, await system.diskUsage({ signal: request.signal })),
    ],
    [
      "GET",
      "/events",
      async (request, reply) => {
        const since = textValue(request.query, "since");
        const until = textValue(request.query, "until");
        const events = await system.events({
          signal: request.signal,
          filters: filtersValue(request.query),
          ...(since === undefined ? {} : { since }),
          ...(until === undefined ? {} : { until }),
        });
        await sendJsonLines(reply, events);
      },
    ],
    [
      "POST",
      "/auth",
      async (request, reply) => {
        const config = ((await readJson(request, "registry.AuthConfig")) ?? {}) as AuthConfig;
        sendJson(reply, 200, await system.auth(config, { signal: request.signal }));
      },
    ],
  ];
}
