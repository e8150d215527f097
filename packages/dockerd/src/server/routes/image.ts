/**
 * Routes of images and registries.
 *
 * Source: moby `daemon/server/router/image/image_routes.go`, `daemon/server/router/distribution`.
 *
 * @module
 */
import type { Engine } from "../../api/engine.ts";
import type { AuthConfig } from "../../api/types/index.ts";
import { InvalidParameterError } from "../../errors.ts";
import type { Route } from "../app.ts";
import { type ApiRequest, sendJson, sendStatus } from "../exchange.ts";
import { boolValue, filtersValue, textValue } from "../query.ts";
import { sendBytes, sendProgress } from "../stream_reply.ts";

/** Credentials in `X-Registry-Auth`: base64url JSON; what cannot be read counts as none, as at the peer. */
export function authHeader(request: ApiRequest): { auth?: AuthConfig } {
  const header = request.headers["x-registry-auth"];
  if (typeof header !== "string" || header === "") return {};
  try {
    const auth = JSON.parse(Buffer.from(header, "base64url").toString()) as unknown;
    return typeof auth === "object" && auth !== null ? { auth: auth as AuthConfig } : {};
  } catch {
    return {};
  }
}

/** The query's `platform`. */
function platformValue({ query }: ApiRequest): { platform?: string } {
  const platform = textValue(query, "platform");
  return platform === undefined ? {} : { platform };
}

/** Routes of `engine.images`. */
export function imageRoutes({ images }: Pick<Engine, "images">): Route[] {
  return [
    [
      "GET",
      "/images/json",
      async (request, reply) => {
        const { query, signal } = request;
        const filters = filtersValue(query);
        const legacy = textValue(query, "filter");
        const list = await images.list({
          signal,
          all: boolValue(query, "all"),
          digests: boolValue(query, "digests"),
          filters: legacy === undefined ? filters : { ...filters, reference: [legacy] },
        });
        sendJson(reply, 200, list);
      },
    ],
    [
      "POST",
      "/images/create",
      async (request, reply) => {
        const { query, signal } = request;
        const fromImage = textValue(query, "fromImage");
        const tag = textValue(query, "tag");
        const tagged = tag === undefined ? {} : { tag };
        if (fromImage !== undefined) {
          const options = { signal, ...tagged, ...platformValue(request), ...authHeader(request) };
          await sendProgress(reply, images.pull(fromImage, options));
          return;
        }
        const source = query.get("fromSrc") ?? "";
        if (source !== "-")
          throw new InvalidParameterError("cannot import from a URL: send the archive instead");
        const repo = textValue(query, "repo");
        const message = textValue(query, "message");
        const progress = images.import(request.body, {
          signal,
          ...tagged,
          ...platformValue(request),
          changes: query.getAll("changes"),
          ...(repo === undefined ? {} : { repo }),
          ...(message === undefined ? {} : { message }),
        });
        await sendProgress(reply, progress);
      },
    ],
    [
      "POST",
      "/images/load",
      async (request, reply) => {
        const quiet = boolValue(request.query, "quiet");
        await sendProgress(
          reply,
          images.load(request.body, { signal: request.signal, quiet, ...platformValue(request) }),
        );
      },
    ],
    [
      "POST",
      "/images/prune",
      async (request, reply) =>
        sendJson(reply, 200, await images.prune({ filters: filtersValue(request.query) })),
    ],
    [
      "GET",
      "/images/get",
      async (request, reply) => {
        const tar = await images.save(request.query.getAll("names"), { signal: request.signal });
        await sendBytes(reply, { "Content-Type": "application/x-tar" }, tar);
      },
    ],
    [
      "GET",
      "/images/:name{.+}/get",
      async (request, reply) => {
        const tar = await images.save([request.params.name!], { signal: request.signal });
        await sendBytes(reply, { "Content-Type": "application/x-tar" }, tar);
      },
    ],
    [
      "GET",
      "/images/:name{.+}/json",
      async (request, reply) =>
        sendJson(
          reply,
          200,
          await images.inspect(request.params.name!, { manifests: boolValue(request.query, "manifests") }),
        ),
    ],
    [
      "GET",
      "/images/:name{.+}/history",
      async (request, reply) => sendJson(reply, 200, await images.history(request.params.name!)),
    ],
    [
      "POST",
      "/images/:name{.+}/push",
      async (request, reply) => {
        const tag = textValue(request.query, "tag");
        const options = { signal: request.signal, ...platformValue(request), ...authHeader(request) };
        await sendProgress(
          reply,
          images.push(request.params.name!, { ...options, ...(tag === undefined ? {} : { tag }) }),
        );
      },
    ],
    [
      "POST",
      "/images/:name{.+}/tag",
      async (request, reply) => {
        const tag = textValue(request.query, "tag");
        const target = { repo: request.query.get("repo") ?? "", ...(tag === undefined ? {} : { tag }) };
        await images.tag(request.params.name!, target);
        sendStatus(reply, 201);
      },
    ],
    [
      "DELETE",
      "/images/:name{.+}",
      async (request, reply) => {
        const { query } = request;
        sendJson(
          reply,
          200,
          await images.remove(request.params.name!, {
            force: boolValue(query, "force"),
            noPrune: boolValue(query, "noprune"),
          }),
        );
      },
    ],
    [
      "GET",
      "/distribution/:name{.+}/json",
      async (request, reply) =>
        sendJson(
          reply,
          200,
          await images.distribution(request.params.name!, { signal: request.signal, ...authHeader(request) }),
        ),
    ],
  ];
}
