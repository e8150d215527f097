/**
 * Routes of containers that carry streams: attach, logs, archive.
 *
 * Source: moby `daemon/server/router/container/container_routes.go`, `copy.go`.
 *
 * @module
 */
import type { Engine } from "../../api/engine.ts";
import type { PathStat } from "../../api/types/index.ts";
import { InvalidParameterError } from "../../errors.ts";
import type { Route } from "../app.ts";
import { type ApiRequest, sendStatus } from "../exchange.ts";
import { boolValue, textValue } from "../query.ts";
import { joinConnection, MULTIPLEXED_STREAM, RAW_STREAM, sendBytes, writeOutput } from "../stream_reply.ts";
import { namesMultiplexedStreams } from "./container.ts";

/** Content type of output of a container with or without terminal, as `request`'s version names it. */
export function outputType(request: ApiRequest, tty: boolean): string {
  return !tty && namesMultiplexedStreams(request.version) ? MULTIPLEXED_STREAM : RAW_STREAM;
}

/** Header with what an archive path is. */
function statHeader(stat: PathStat): Record<string, string> {
  return { "X-Docker-Container-Path-Stat": Buffer.from(JSON.stringify(stat)).toString("base64") };
}

/** The query's `path`. @throws {InvalidParameterError} if it is missing. */
function pathValue(request: ApiRequest): string {
  const path = textValue(request.query, "path");
  if (path === undefined) throw new InvalidParameterError("missing required parameter: path");
  return path;
}

/** Routes of `engine.containers` that carry streams. */
export function containerStreamRoutes({ containers }: Pick<Engine, "containers">): Route[] {
  return [
    [
      "POST",
      "/containers/:name/attach",
      async (request, reply) => {
        const { query, signal } = request;
        const detachKeys = textValue(query, "detachKeys");
        const attached = await containers.attach(request.params.name!, {
          signal,
          stdin: boolValue(query, "stdin"),
          stdout: boolValue(query, "stdout"),
          stderr: boolValue(query, "stderr"),
          stream: boolValue(query, "stream"),
          logs: boolValue(query, "logs"),
          ...(detachKeys === undefined ? {} : { detachKeys }),
        });
        await joinConnection(reply.hijack(outputType(request, attached.tty)), attached);
      },
    ],
    [
      "GET",
      "/containers/:name/logs",
      async (request, reply) => {
        const { query, signal } = request;
        const [stdout, stderr] = [boolValue(query, "stdout"), boolValue(query, "stderr")];
        if (!stdout && !stderr) {
          throw new InvalidParameterError("Bad parameters: you must choose at least one stream");
        }
        const since = textValue(query, "since");
        const until = textValue(query, "until");
        const logs = await containers.logs(request.params.name!, {
          signal,
          stdout,
          stderr,
          follow: boolValue(query, "follow"),
          timestamps: boolValue(query, "timestamps"),
          details: boolValue(query, "details"),
          tail: textValue(query, "tail") ?? "all",
          ...(since === undefined || since === "0" ? {} : { since }),
          ...(until === undefined || until === "0" ? {} : { until }),
        });
        const sink = reply.stream(200, { "Content-Type": outputType(request, logs.tty) });
        try {
          await writeOutput(sink, logs.tty, logs.output);
        } finally {
          sink.end();
          await logs[Symbol.asyncDispose]();
        }
      },
    ],
    [
      "HEAD",
      "/containers/:name/archive",
      async (request, reply) => {
        reply.send(200, statHeader(await containers.statPath(request.params.name!, pathValue(request))));
      },
    ],
    [
      "GET",
      "/containers/:name/archive",
      async (request, reply) => {
        const path = pathValue(request);
        const { stat, tar } = await containers.getArchive(request.params.name!, path, {
          signal: request.signal,
        });
        await sendBytes(reply, { "Content-Type": "application/x-tar", ...statHeader(stat) }, tar);
      },
    ],
    [
      "PUT",
      "/containers/:name/archive",
      async (request, reply) => {
        await containers.putArchive(request.params.name!, pathValue(request), request.body, {
          signal: request.signal,
          noOverwriteDirNonDir: boolValue(request.query, "noOverwriteDirNonDir"),
          copyUidGid: boolValue(request.query, "copyUIDGID"),
        });
        sendStatus(reply, 200);
      },
    ],
  ];
}
