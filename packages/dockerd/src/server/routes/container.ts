/**
 * Routes of containers: their life.
 *
 * Source: moby `daemon/server/router/container/container_routes.go`.
 *
 * @module
 */
import type { Engine } from "../../api/engine.ts";
import type { ContainerCreateRequest, ContainerUpdateRequest, WaitCondition } from "../../api/types/index.ts";
import { compareVersions } from "../../api/version.ts";
import { InvalidParameterError } from "../../errors.ts";
import type { Route } from "../app.ts";
import { readCreateRequest, readUpdateRequest } from "../bodies.ts";
import { type ApiRequest, type Handler, sendJson, sendStatus } from "../exchange.ts";
import { boolValue, boolValueOr, filtersValue, intValue, textValue } from "../query.ts";
import { sendBytes, sendJsonLines } from "../stream_reply.ts";

/** The path parameter `name`. */
function nameOf(request: ApiRequest): string {
  return request.params.name ?? "";
}

/** Options of stop and restart. */
function stopOptions({ query, signal }: ApiRequest): {
  signal: AbortSignal;
  timeoutSeconds?: number;
  stopSignal?: string;
} {
  const timeoutSeconds = intValue(query, "t");
  const stopSignal = textValue(query, "signal");
  return {
    signal,
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    ...(stopSignal === undefined ? {} : { stopSignal }),
  };
}

/** Size of a terminal in `h` and `w`. */
export function sizeValue({ query }: ApiRequest): { height: number; width: number } {
  const height = intValue(query, "h");
  const width = intValue(query, "w");
  for (const value of [height, width]) {
    if (value === undefined || value < 0) throw new InvalidParameterError("invalid resize height or width");
  }
  return { height: height!, width: width! };
}

/** Routes of `engine.containers` that are about its life. */
export function containerRoutes({ containers }: Pick<Engine, "containers">): Route[] {
  /** A call that answers 204, with the container's name. */
  const done =
    (verb: (name: string, request: ApiRequest) => Promise<unknown>): Handler =>
    async (request, reply) => {
      await verb(nameOf(request), request);
      sendStatus(reply, 204);
    };
  /** A call that answers 204, or 304 if nothing had to be done. */
  const changed =
    (verb: (name: string, request: ApiRequest) => Promise<boolean>): Handler =>
    async (request, reply) => {
      sendStatus(reply, (await verb(nameOf(request), request)) ? 204 : 304);
    };
  return [
    [
      "GET",
      "/containers/json",
      async (request, reply) => {
        const limit = intValue(request.query, "limit");
        const list = await containers.list({
          signal: request.signal,
          all: boolValue(request.query, "all"),
          size: boolValue(request.query, "size"),
          filters: filtersValue(request.query),
          ...(limit === undefined || limit <= 0 ? {} : { limit }),
        });
        sendJson(reply, 200, list);
      },
    ],
    [
      "POST",
      "/containers/create",
      async (request, reply) => {
        const name = textValue(request.query, "name");
        const platform = textValue(request.query, "platform");
        const body: ContainerCreateRequest = await readCreateRequest(request);
        const created = await containers.create(body, {
          signal: request.signal,
          ...(name === undefined ? {} : { name }),
          ...(platform === undefined ? {} : { platform }),
        });
        sendJson(reply, 201, created);
      },
    ],
    [
      "POST",
      "/containers/prune",
      async (request, reply) => {
        sendJson(
          reply,
          200,
          await containers.prune({ signal: request.signal, filters: filtersValue(request.query) }),
        );
      },
    ],
    [
      "GET",
      "/containers/:name/json",
      async (request, reply) => {
        const size = boolValue(request.query, "size");
        sendJson(reply, 200, await containers.inspect(nameOf(request), { signal: request.signal, size }));
      },
    ],
    ["POST", "/containers/:name/start", changed((name) => containers.start(name))],
    [
      "POST",
      "/containers/:name/stop",
      changed((name, request) => containers.stop(name, stopOptions(request))),
    ],
    [
      "POST",
      "/containers/:name/restart",
      done((name, request) => containers.restart(name, stopOptions(request))),
    ],
    [
      "POST",
      "/containers/:name/kill",
      done((name, { query }) =>
        containers.kill(name, { signalName: textValue(query, "signal") ?? "SIGKILL" }),
      ),
    ],
    ["POST", "/containers/:name/pause", done((name) => containers.pause(name))],
    ["POST", "/containers/:name/unpause", done((name) => containers.unpause(name))],
    [
      "POST",
      "/containers/:name/rename",
      done((name, { query }) => containers.rename(name, query.get("name") ?? "")),
    ],
    [
      "POST",
      "/containers/:name/update",
      async (request, reply) => {
        const body: ContainerUpdateRequest = await readUpdateRequest(request);
        sendJson(reply, 200, await containers.update(nameOf(request), body));
      },
    ],
    [
      "POST",
      "/containers/:name/resize",
      async (request, reply) => {
        await containers.resize(nameOf(request), sizeValue(request));
        sendStatus(reply, 200);
      },
    ],
    [
      "GET",
      "/containers/:name/top",
      async (request, reply) => {
        const psArgs = textValue(request.query, "ps_args");
        sendJson(reply, 200, await containers.top(nameOf(request), psArgs === undefined ? {} : { psArgs }));
      },
    ],
    [
      "POST",
      "/containers/:name/wait",
      async (request, reply) => {
        const condition = textValue(request.query, "condition") ?? "not-running";
        if (!["not-running", "next-exit", "removed"].includes(condition)) {
          throw new InvalidParameterError(`invalid condition: ${JSON.stringify(condition)}`);
        }
        const { result } = await containers.wait(nameOf(request), {
          signal: request.signal,
          condition: condition as WaitCondition,
        });
        const sink = reply.stream(200, { "Content-Type": "application/json" });
        try {
          await sink.write(`${JSON.stringify(await result)}\n`);
        } finally {
          sink.end();
        }
      },
    ],
    [
      "DELETE",
      "/containers/:name",
      done((name, { query }) =>
        containers.remove(name, {
          force: boolValue(query, "force"),
          volumes: boolValue(query, "v"),
          link: boolValue(query, "link"),
        }),
      ),
    ],
    [
      "GET",
      "/containers/:name/stats",
      async (request, reply) => {
        const stream = boolValueOr(request.query, "stream", true);
        const oneShot = boolValueOr(request.query, "one-shot", false);
        if (stream && oneShot) {
          throw new InvalidParameterError("cannot have stream=true and one-shot=true");
        }
        await sendJsonLines(
          reply,
          await containers.stats(nameOf(request), { signal: request.signal, stream, oneShot }),
        );
      },
    ],
    [
      "GET",
      "/containers/:name/changes",
      async (request, reply) => sendJson(reply, 200, await containers.changes(nameOf(request))),
    ],
    [
      "GET",
      "/containers/:name/export",
      async (request, reply) => {
        const tar = await containers.export(nameOf(request), { signal: request.signal });
        await sendBytes(reply, { "Content-Type": "application/x-tar" }, tar);
      },
    ],
  ];
}

/** The oldest version that names multiplexed streams in the content type. */
export function namesMultiplexedStreams(version: string): boolean {
  return compareVersions(version, "1.42") >= 0;
}
