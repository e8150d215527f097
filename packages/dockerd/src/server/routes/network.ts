/**
 * Routes of networks.
 *
 * Source: moby `daemon/server/router/network/network_routes.go`.
 *
 * @module
 */
import type { Engine } from "../../api/engine.ts";
import type { Route } from "../app.ts";
import { readNetworkConnect, readNetworkCreate, readNetworkDisconnect } from "../bodies.ts";
import { type Handler, sendJson, sendStatus } from "../exchange.ts";
import { filtersValue } from "../query.ts";

/** Routes of `engine.networks`. */
export function networkRoutes({ networks }: Pick<Engine, "networks">): Route[] {
  const list: Handler = async (request, reply) =>
    sendJson(reply, 200, await networks.list({ filters: filtersValue(request.query) }));
  return [
    ["GET", "/networks", list],
    ["GET", "/networks/", list],
    [
      "GET",
      "/networks/:name",
      async (request, reply) => sendJson(reply, 200, await networks.inspect(request.params.name!)),
    ],
    [
      "POST",
      "/networks/create",
      async (request, reply) => sendJson(reply, 201, await networks.create(await readNetworkCreate(request))),
    ],
    [
      "POST",
      "/networks/prune",
      async (request, reply) =>
        sendJson(reply, 200, await networks.prune({ filters: filtersValue(request.query) })),
    ],
    [
      "POST",
      "/networks/:name/connect",
      async (request, reply) => {
        await networks.connect(request.params.name!, await readNetworkConnect(request));
        sendStatus(reply, 200);
      },
    ],
    [
      "POST",
      "/networks/:name/disconnect",
      async (request, reply) => {
        await networks.disconnect(request.params.name!, await readNetworkDisconnect(request));
        sendStatus(reply, 200);
      },
    ],
    [
      "DELETE",
      "/networks/:name",
      async (request, reply) => {
        await networks.remove(request.params.name!);
        sendStatus(reply, 204);
      },
    ],
  ];
}
