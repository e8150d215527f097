/**
 * Routes of execs.
 *
 * Source: moby `daemon/server/router/container/exec.go`.
 *
 * @module
 */
import type { Engine } from "../../api/engine.ts";
import { encodeFrame } from "../../api/multiplex.ts";
import { messageOf } from "../../errors.ts";
import type { Route } from "../app.ts";
import { readExecCreate, readExecStart } from "../bodies.ts";
import { sendJson, sendStatus } from "../exchange.ts";
import { textValue } from "../query.ts";
import { joinConnection } from "../stream_reply.ts";
import { sizeValue } from "./container.ts";
import { outputType } from "./container_stream.ts";

/** Routes of `engine.execs`. */
export function execRoutes({ execs }: Pick<Engine, "execs">): Route[] {
  return [
    [
      "POST",
      "/containers/:name/exec",
      async (request, reply) => {
        sendJson(reply, 201, await execs.create(request.params.name!, await readExecCreate(request)));
      },
    ],
    [
      "POST",
      "/exec/:id/start",
      async (request, reply) => {
        const body = await readExecStart(request);
        const id = request.params.id!;
        if (body.Detach) {
          await execs.startDetached(id, body);
          sendStatus(reply, 200);
          return;
        }
        const detachKeys = textValue(request.query, "detachKeys");
        const tty = (await execs.inspect(id)).ProcessConfig.tty;
        // As at the peer the connection is taken over first: what goes wrong then is told in the stream.
        const connection = reply.hijack(outputType(request, tty));
        try {
          const attached = await execs.start(id, body, {
            signal: request.signal,
            ...(detachKeys === undefined ? {} : { detachKeys }),
          });
          await joinConnection(connection, attached);
        } catch (err) {
          const data = new TextEncoder().encode(`${messageOf(err)}\r\n`);
          await connection.write(tty ? data : encodeFrame({ stream: "stdout", data })).catch(() => {});
          connection.end();
        }
      },
    ],
    [
      "POST",
      "/exec/:id/resize",
      async (request, reply) => {
        await execs.resize(request.params.id!, sizeValue(request));
        sendStatus(reply, 200);
      },
    ],
    [
      "GET",
      "/exec/:id/json",
      async (request, reply) => sendJson(reply, 200, await execs.inspect(request.params.id!)),
    ],
  ];
}
