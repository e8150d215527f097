import { mkdtempSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AttachStream, OutputChunk } from "../api/engine.ts";
import { createEngineClient } from "../client/index.ts";
import { ERROR_CODES, NotFoundError, RtError } from "../errors.ts";
import { silentLogger } from "../oci.ts";
import { type FakeCalls, fakeEngine } from "../testing/index.ts";
import { createApp } from "./app.ts";
import { createHttpServer } from "./http_server.ts";
import { statusOfCode } from "./http_status.ts";
import { engineRoutes } from "./routes/index.ts";

let dir: string;
let server: Server;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "rt-http-"));
});

afterEach(async () => {
  server.closeAllConnections();
  // Deno's close() waits for connections that were taken over, also when they are gone.
  await Promise.race([new Promise((resolve) => server.close(resolve)), sleep(500)]);
  rmSync(dir, { recursive: true });
});

async function serve(calls: FakeCalls): Promise<string> {
  server = createHttpServer(createApp(engineRoutes(fakeEngine(calls)), { log: silentLogger }));
  const path = join(dir, "s.sock");
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return path;
}

/** Sends bytes as they are and reads until the server closes or `until` matches. */
function raw(path: string, text: string | Uint8Array, until: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let got = "";
    socket.on("data", (data) => {
      got += data.toString("latin1");
      if (until.test(got)) socket.destroy();
    });
    socket.on("close", () => resolve(got));
    socket.on("error", reject);
    socket.write(text);
  });
}

function post(path: string, type: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: d\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
}

describe("routing", () => {
  test.each([
    [
      "GET /v1.99/info HTTP/1.1",
      400,
      "client version 1.99 is too new. Maximum supported API version is 1.51",
    ],
    [
      "GET /v1.23/info HTTP/1.1",
      400,
      "client version 1.23 is too old. Minimum supported API version is 1.24",
    ],
    ["GET /v1.41/nope HTTP/1.1", 404, "page not found"],
    ["PUT /v1.41/containers/json HTTP/1.1", 404, "page not found"],
    ["GET /containers/json?filters=x HTTP/1.1", 400, "invalid filter"],
    ["GET /containers/json?limit=x HTTP/1.1", 400, 'strconv.Atoi: parsing \\"x\\": invalid syntax'],
    ["GET /containers/%zz/json HTTP/1.1", 400, "invalid URL escape"],
    ["GET /containers/x/logs HTTP/1.1", 400, "you must choose at least one stream"],
    ["POST /containers/x/wait?condition=never HTTP/1.1", 400, "invalid condition"],
    ["GET /info HTTP/1.1", 501, "not given"],
  ])("%s is %i", async (line, status, message) => {
    const reply = await raw(await serve({}), `${line}\r\nHost: d\r\nConnection: close\r\n\r\n`, /$^/);
    expect(reply).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(reply).toContain(message);
  });

  test("names of images may have slashes", async () => {
    const path = await serve({
      images: { history: (name) => Promise.reject(new NotFoundError(`No such image: ${name}`)) },
    });
    const client = createEngineClient({ address: path });
    await expect(client.images.history("host:5000/a/b:c")).rejects.toThrow("No such image: host:5000/a/b:c");
    await client[Symbol.asyncDispose]();
  });

  test("ping tells version and system", async () => {
    const path = await serve({
      system: {
        ping: async () => ({ apiVersion: "1.51", osType: "linux", experimental: false, builderVersion: "1" }),
      },
    });
    const reply = await raw(path, "HEAD /_ping HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n", /$^/);
    expect(reply).toMatch(/^HTTP\/1.1 200 OK/);
    expect(reply.toLowerCase()).toMatch(/api-version: 1\.51[\s\S]*ostype: linux/);
  });
});

describe("bodies that are wrong get status 400 and reach no engine", () => {
  const json = "application/json";
  test.each([
    [json, "{bad", "invalid JSON: invalid character 'b' looking for beginning of object key string"],
    [json, "[1]", "json: cannot unmarshal array into Go value of type container.CreateRequest"],
    [json, '{"Image":5}', "cannot unmarshal number into Go struct field CreateRequest.Image of type string"],
    [
      json,
      '{"HostConfig":{"Memory":"1"}}',
      "cannot unmarshal string into Go struct field CreateRequest.HostConfig.Memory of type int64",
    ],
    [
      json,
      '{"Env":{"a":1}}',
      "cannot unmarshal object into Go struct field CreateRequest.Env of type []string",
    ],
    [
      json,
      '{"Labels":[1]}',
      "cannot unmarshal array into Go struct field CreateRequest.Labels of type map[string]string",
    ],
    [json, "{}", "config cannot be empty in order to create a container"],
    [json, "", "config cannot be empty in order to create a container"],
    [json, '{"Image":"x"} {}', "unexpected content after JSON"],
    [
      "text/plain",
      '{"Image":"x"}',
      "unsupported Content-Type header (text/plain): must be 'application/json'",
    ],
  ])("%s %s", async (type, body, message) => {
    let reached = false;
    const path = await serve({
      containers: {
        create: async () => {
          reached = true;
          return { Id: "x", Warnings: [] };
        },
      },
    });
    const reply = await raw(path, post("/v1.50/containers/create", type, body), /$^/);
    expect(reply).toMatch(/^HTTP\/1.1 400 /);
    expect(JSON.parse(reply.split("\r\n\r\n")[1]!).message).toContain(message);
    expect(reached).toBe(false);
  });

  test("bytes that are no HTTP get 400 and the server goes on", async () => {
    const path = await serve({});
    expect(
      await raw(
        path,
        Uint8Array.from({ length: 200 }, (_, i) => i),
        /$^/,
      ),
    ).toMatch(/^HTTP\/1.1 400/);
    expect(await raw(path, "GET /nope HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n", /$^/)).toMatch(
      / 404 /,
    );
  });
});

test("every error class has a status, and the client gives class and text back", async () => {
  let code: (typeof ERROR_CODES)[number] = "UNKNOWN";
  const path = await serve({
    containers: { inspect: () => Promise.reject(new RtError(code, "what it was")) },
  });
  const client = createEngineClient({ address: path });
  for (code of ERROR_CODES) {
    const status = statusOfCode(code);
    expect(status).toBeGreaterThanOrEqual(300);
    if (status === 304) continue;
    await expect(client.containers.inspect("x")).rejects.toMatchObject({
      message: "what it was",
      details: { status },
    });
  }
  await client[Symbol.asyncDispose]();
});

/** A process that echoes its input to both outputs. */
function echo(tty: boolean): AttachStream {
  const chunks: OutputChunk[] = [];
  let wake = (): void => {};
  let ended = false;
  return {
    tty,
    output: (async function* () {
      for (;;) {
        const next = chunks.shift();
        if (next !== undefined) yield next;
        else if (ended) return;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    })(),
    async write(data) {
      chunks.push({ stream: "stdout", data }, ...(tty ? [] : [{ stream: "stderr" as const, data }]));
      wake();
    },
    async closeInput() {
      ended = true;
      wake();
    },
    async [Symbol.asyncDispose]() {
      ended = true;
      wake();
    },
  };
}

describe("connections that are taken over", () => {
  const inspect = async (): Promise<never> => ({ Config: { Tty: false } }) as never;

  test("carry input, both outputs and the half close", async () => {
    const path = await serve({ containers: { inspect, attach: async () => echo(false) } });
    const client = createEngineClient({ address: path });
    const attached = await client.containers.attach("x", {
      stream: true,
      stdin: true,
      stdout: true,
      stderr: true,
    });
    const big = Buffer.alloc(3 << 20, "x");
    await attached.write(big);
    await attached.closeInput();
    const sizes = { stdout: 0, stderr: 0 };
    for await (const { stream, data } of attached.output) sizes[stream] += data.length;
    expect(sizes).toEqual({ stdout: big.length, stderr: big.length });
    await client[Symbol.asyncDispose]();
  });

  test("an exec's body may come in the same packet as its first input, or later", async () => {
    const bodies: unknown[] = [];
    const path = await serve({
      execs: {
        inspect: async () => ({ ProcessConfig: { tty: true } }) as never,
        start: async (_id, body) => {
          bodies.push(body);
          return echo(true);
        },
      },
    });
    const body = '{"Detach":false,"Tty":true}';
    const head = `POST /v1.50/exec/abc/start HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`;
    const together = await raw(path, `${head}${body}`, /\r\n\r\n/);
    expect(together).toMatch(/^HTTP\/1.1 101 UPGRADED/);
    const later = await new Promise<string>((resolve, reject) => {
      const socket = connect(path);
      let got = "";
      socket.on("data", (data) => {
        got += data.toString();
        if (got.endsWith("\r\n\r\n")) socket.write("typed");
        if (got.endsWith("typed")) socket.destroy();
      });
      socket.on("close", () => resolve(got));
      socket.on("error", reject);
      socket.write(head);
      setTimeout(() => socket.write(body), 50);
    });
    expect(later).toMatch(/101 UPGRADED[\s\S]*typed$/);
    expect(bodies).toEqual([JSON.parse(body), JSON.parse(body)]);
  });

  test("an exec that cannot start says so in the stream", async () => {
    const path = await serve({
      execs: {
        inspect: async () => ({ ProcessConfig: { tty: false } }) as never,
        start: () => Promise.reject(new RtError("INVALID_ARGUMENT", "executable file not found")),
      },
    });
    const client = createEngineClient({ address: path });
    const attached = await client.execs.start("abc");
    let text = "";
    for await (const { data } of attached.output) text += Buffer.from(data).toString();
    expect(text).toBe("executable file not found\r\n");
    await client[Symbol.asyncDispose]();
  });

  test("an attach that fails is an ordinary reply", async () => {
    const path = await serve({
      containers: { inspect, attach: () => Promise.reject(new NotFoundError("No such container: x")) },
    });
    const client = createEngineClient({ address: path });
    await expect(client.containers.attach("x")).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: "No such container: x",
    });
    await client[Symbol.asyncDispose]();
  });
});

describe("progress", () => {
  test("a failure before the first message is a status, a later one a message", async () => {
    const path = await serve({
      images: {
        pull: (name) =>
          (async function* () {
            if (name === "late") yield { status: "Pulling" };
            throw new NotFoundError(`manifest for ${name} not found`);
          })(),
      },
    });
    const client = createEngineClient({ address: path });
    const all = async (name: string): Promise<string[]> => {
      const seen: string[] = [];
      for await (const { status } of client.images.pull(name)) seen.push(status ?? "");
      return seen;
    };
    await expect(all("early")).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: "manifest for early not found",
    });
    await expect(all("late")).rejects.toMatchObject({
      code: "UNKNOWN",
      message: "manifest for late not found",
    });
    await client[Symbol.asyncDispose]();
  });
});

test("a client that goes away cancels what was asked for", async () => {
  let aborted = false;
  const path = await serve({
    system: {
      events: async ({ signal } = {}) =>
        (async function* () {
          await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));
          aborted = true;
          yield* [];
        })(),
    },
  });
  await raw(path, "GET /events HTTP/1.1\r\nHost: d\r\n\r\n", /\r\n\r\n/);
  await expect.poll(() => aborted).toBe(true);
  expect((server.address() as AddressInfo | string).toString()).toBe(path);
});
