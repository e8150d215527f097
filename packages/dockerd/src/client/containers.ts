/**
 * Containers and execs over HTTP.
 *
 * Source: moby `client/container_*.go`.
 *
 * @module
 */
import type { CallOptions, ContainersApi, ExecsApi, TerminalSize } from "../api/engine.ts";
import type * as t from "../api/types/index.ts";
import { hasCode } from "../errors.ts";
import { attachStream, jsonLines, outputOf } from "./streams.ts";
import type { EngineTransport, Query } from "./transport.ts";

/** A path component. */
export function segment(name: string): string {
  return encodeURIComponent(name);
}

/** Filters as a query value. */
export function filterText(filters: t.Filters | undefined): string | undefined {
  return filters === undefined || Object.keys(filters).length === 0 ? undefined : JSON.stringify(filters);
}

/** Whether something was changed: false for the reply 304. */
async function changed(call: Promise<void>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (err) {
    if (hasCode(err, "NOT_MODIFIED")) return false;
    throw err;
  }
}

/** Query of a terminal's size. */
function sizeQuery({ height, width }: TerminalSize): Query {
  return { h: height, w: width };
}

/** What the archive calls say in their header. */
function statOf(header: string | string[] | undefined): t.PathStat {
  return JSON.parse(Buffer.from(String(header ?? ""), "base64").toString()) as t.PathStat;
}

/** Containers of the engine behind `http`. */
export function containersClient(http: EngineTransport): ContainersApi {
  const path = (name: string, verb = ""): string => `/containers/${segment(name)}${verb}`;
  const isTty = async (name: string, options: CallOptions): Promise<boolean> =>
    (await http.json<t.ContainerInspect>("GET", path(name, "/json"), { signal: options.signal })).Config
      .Tty === true;
  return {
    list: ({ signal, all, limit, size, filters } = {}) =>
      http.json("GET", "/containers/json", {
        signal,
        query: { all, limit, size, filters: filterText(filters) },
      }),
    create: (request, { signal, name, platform } = {}) =>
      http.json("POST", "/containers/create", { signal, query: { name, platform }, json: request }),
    inspect: (name, { signal, size } = {}) =>
      http.json("GET", path(name, "/json"), { signal, query: { size } }),
    start: (name, { signal, detachKeys } = {}) =>
      changed(http.done("POST", path(name, "/start"), { signal, query: { detachKeys } })),
    stop: (name, { signal, timeoutSeconds, stopSignal } = {}) =>
      changed(
        http.done("POST", path(name, "/stop"), { signal, query: { t: timeoutSeconds, signal: stopSignal } }),
      ),
    restart: (name, { signal, timeoutSeconds, stopSignal } = {}) =>
      http.done("POST", path(name, "/restart"), { signal, query: { t: timeoutSeconds, signal: stopSignal } }),
    kill: (name, { signal, signalName } = {}) =>
      http.done("POST", path(name, "/kill"), { signal, query: { signal: signalName } }),
    pause: (name, { signal } = {}) => http.done("POST", path(name, "/pause"), { signal }),
    unpause: (name, { signal } = {}) => http.done("POST", path(name, "/unpause"), { signal }),
    rename: (name, newName, { signal } = {}) =>
      http.done("POST", path(name, "/rename"), { signal, query: { name: newName } }),
    update: (name, request, { signal } = {}) =>
      http.json("POST", path(name, "/update"), { signal, json: request }),
    resize: (name, size, { signal } = {}) =>
      http.done("POST", path(name, "/resize"), { signal, query: sizeQuery(size) }),
    top: (name, { signal, psArgs } = {}) =>
      http.json("GET", path(name, "/top"), { signal, query: { ps_args: psArgs } }),
    async logs(name, options = {}) {
      const { signal, stdout, stderr, follow, since, until, timestamps, details, tail } = options;
      const query = { stdout, stderr, follow, since, until, timestamps, details, tail };
      const tty = await isTty(name, options);
      const res = await http.send("GET", path(name, "/logs"), { signal, query });
      return {
        tty,
        output: outputOf(res, tty),
        async [Symbol.asyncDispose]() {
          res.destroy();
        },
      };
    },
    async attach(name, options = {}) {
      const { signal, stdin, stdout, stderr, stream, logs, detachKeys } = options;
      const tty = await isTty(name, options);
      const query = { stdin, stdout, stderr, stream, logs, detachKeys };
      const connection = await http.hijack(path(name, "/attach"), { signal, query });
      return attachStream(connection, tty);
    },
    async wait(name, { signal, condition } = {}) {
      const res = await http.send("POST", path(name, "/wait"), { signal, query: { condition } });
      const result = (async () => {
        for await (const reply of jsonLines<t.ContainerWaitResponse>(res)) return reply;
        return { StatusCode: 0, Error: { Message: "the engine closed the connection" } };
      })();
      return { result };
    },
    remove: (name, { signal, force, volumes, link } = {}) =>
      http.done("DELETE", path(name), { signal, query: { force, v: volumes, link } }),
    prune: ({ signal, filters } = {}) =>
      http.json("POST", "/containers/prune", { signal, query: { filters: filterText(filters) } }),
    async stats(name, { signal, stream = true, oneShot } = {}) {
      const query = { stream: String(stream), "one-shot": oneShot };
      return jsonLines(await http.send("GET", path(name, "/stats"), { signal, query }));
    },
    changes: async (name, { signal } = {}) =>
      (await http.json<t.FilesystemChange[] | null>("GET", path(name, "/changes"), { signal })) ?? [],
    export: (name, { signal } = {}) => http.send("GET", path(name, "/export"), { signal }),
    async statPath(name, of, { signal } = {}) {
      const res = await http.send("HEAD", path(name, "/archive"), { signal, query: { path: of } });
      res.resume();
      return statOf(res.headers["x-docker-container-path-stat"]);
    },
    async getArchive(name, of, { signal } = {}) {
      const tar = await http.send("GET", path(name, "/archive"), { signal, query: { path: of } });
      return { stat: statOf(tar.headers["x-docker-container-path-stat"]), tar };
    },
    putArchive: (name, to, body, { signal, noOverwriteDirNonDir, copyUidGid } = {}) =>
      http.done("PUT", path(name, "/archive"), {
        signal,
        body,
        query: { path: to, noOverwriteDirNonDir, copyUIDGID: copyUidGid },
        headers: { "Content-Type": "application/x-tar" },
      }),
  };
}

/** Execs of the engine behind `http`. */
export function execsClient(http: EngineTransport): ExecsApi {
  const path = (id: string, verb: string): string => `/exec/${segment(id)}/${verb}`;
  return {
    create: (container, request, { signal } = {}) =>
      http.json("POST", `/containers/${segment(container)}/exec`, { signal, json: request }),
    async start(id, request = {}, { signal } = {}) {
      const json = { ...request, Detach: false };
      return attachStream(await http.hijack(path(id, "start"), { signal, json }), request.Tty === true);
    },
    startDetached: (id, request = {}, { signal } = {}) =>
      http.done("POST", path(id, "start"), { signal, json: { ...request, Detach: true } }),
    inspect: (id, { signal } = {}) => http.json("GET", path(id, "json"), { signal }),
    resize: (id, size, { signal } = {}) =>
      http.done("POST", path(id, "resize"), { signal, query: sizeQuery(size) }),
  };
}
