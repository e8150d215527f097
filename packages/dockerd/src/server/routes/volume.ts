/**
 * Routes of volumes.
 *
 * Source: moby `daemon/server/router/volume/volume_routes.go`.
 *
 * @module
 */
import type { Engine } from "../../api/engine.ts";
import type { Route } from "../app.ts";
import { readVolumeCreate } from "../bodies.ts";
import { sendJson, sendStatus } from "../exchange.ts";
import { boolValue, filtersValue } from "../query.ts";

/** Routes of `engine.volumes`. */
export function volumeRoutes({ volumes }: Pick<Engine, "volumes">): Route[] {
  return [
    [
      "GET",
      "/volumes",
      async (request, reply) =>
        sendJson(reply, 200, await volumes.list({ filters: filtersValue(request.query) })),
    ],
    [
      "POST",
      "/volumes/create",
      async (request, reply) => sendJson(reply, 201, await volumes.create(await readVolumeCreate(request))),
    ],
    [
      "POST",
      "/volumes/prune",
      async (request, reply) =>
        sendJson(reply, 200, await volumes.prune({ filters: filtersValue(request.query) })),
    ],
    [
      "GET",
      "/volumes/:name",
      async (request, reply) => sendJson(reply, 200, await volumes.inspect(request.params.name!)),
    ],
    [
      "DELETE",
      "/volumes/:name",
      async (request, reply) => {
        await volumes.remove(request.params.name!, { force: boolValue(request.query, "force") });
        sendStatus(reply, 204);
      },
    ],
  ];
}
