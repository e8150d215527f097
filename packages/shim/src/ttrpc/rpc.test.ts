import { type Duplex, duplexPair } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { isErrorCode, RtError } from "@rt/runc/oci";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { Echo } from "../api/gen/rt/ttrpc/testing/v1/echo_pb.ts";
import { TtrpcConnection } from "./client.ts";
import { decodeResponse, encodeRequest } from "./codec.ts";
import { encodeFrame, type Frame, FrameDecoder, MAX_DATA_BYTES } from "./frame.ts";
import { makeMetadata } from "./metadata.ts";
import { TtrpcRouter, TtrpcServerConnection } from "./server.ts";
import type { TtrpcClient } from "./service.ts";

const open: AsyncDisposable[] = [];
let aborted = 0;

const router = new TtrpcRouter().add(Echo, {
  async unary(note, { metadata, signal }) {
    signal.addEventListener("abort", () => aborted++);
    if (note.delayMs > 0) await sleep(note.delayMs);
    if (isErrorCode(note.fail)) throw new RtError(note.fail, `cannot echo: ${note.fail}`);
    return { ...note, who: metadata.get("who")?.join(",") ?? "" };
  },
  async *split({ text, count }) {
    for (let i = 0; i < count; i++) yield { text: `${text}${i}` };
    if (text === "fail") throw new RtError("DATA_LOSS", "lost the rest");
  },
  async join(notes) {
    let text = "";
    for await (const note of notes) text += note.text;
    return { text };
  },
  async *mirror(notes) {
    for await (const note of notes) yield note;
  },
});

function pair(): {
  connection: TtrpcConnection;
  echo: TtrpcClient<typeof Echo>;
  server: TtrpcServerConnection;
} {
  const [a, b] = duplexPair();
  const server = new TtrpcServerConnection(router, b as Duplex);
  const connection = new TtrpcConnection(a as Duplex);
  open.push(connection, server);
  return { connection, server, echo: connection.client(Echo) };
}

/** A raw peer of a server: sends bytes, collects frames. */
function raw(): { send(bytes: Uint8Array): void; frames: Frame[]; server: TtrpcServerConnection } {
  const [a, b] = duplexPair();
  const server = new TtrpcServerConnection(router, b as Duplex);
  open.push(server);
  const frames: Frame[] = [];
  const decoder = new FrameDecoder();
  a.on("data", (chunk: Uint8Array) => frames.push(...decoder.push(chunk)));
  a.on("error", () => {});
  return { send: (bytes) => a.write(bytes), frames, server };
}

const call = (method: string): Uint8Array =>
  encodeRequest({
    service: "rt.ttrpc.testing.v1.Echo",
    method,
    payload: new Uint8Array(),
    timeoutNanos: 0n,
    metadata: [],
  });

const messages = (frames: readonly Frame[]): (string | undefined)[] =>
  frames.map((f) => decodeResponse(f.data).status?.message);

async function* notes(...texts: string[]): AsyncGenerator<{ text: string }> {
  for (const text of texts) yield { text };
}

async function texts(stream: AsyncIterable<{ text: string }>): Promise<string[]> {
  const all: string[] = [];
  for await (const { text } of stream) all.push(text);
  return all;
}

afterEach(async () => {
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]();
});

describe("ttrpc", () => {
  test("unary() answers, with metadata, many at a time and out of order", async () => {
    const { echo } = pair();
    const options = { metadata: makeMetadata({ WHO: "me" }) };
    const order: number[] = [];
    const calls = [30, 1, 15].map(async (delayMs, i) => {
      const note = await echo.unary({ text: `${i}`, delayMs }, options);
      order.push(i);
      return note;
    });
    const answers = await Promise.all(calls);
    expect(answers.map((n) => [n.text, n.who])).toEqual([
      ["0", "me"],
      ["1", "me"],
      ["2", "me"],
    ]);
    expect(order).toEqual([1, 2, 0]);
  });

  test("unary() rejects with the server's class and text", async () => {
    await expect(pair().echo.unary({ fail: "CONFLICT" })).rejects.toMatchObject({
      code: "CONFLICT",
      message: "cannot echo: CONFLICT",
    });
  });

  test("unary() rejects with DEADLINE_EXCEEDED on both sides when its time is over", async () => {
    aborted = 0;
    const { echo } = pair();
    await expect(echo.unary({ delayMs: 2000 }, { timeoutMs: 30 })).rejects.toMatchObject({
      code: "DEADLINE_EXCEEDED",
      message: "context deadline exceeded",
    });
    await sleep(30);
    expect(aborted).toBe(1);
    expect((await echo.unary({ text: "still here" })).text).toBe("still here");
  });

  test("unary() rejects with CANCELED when the caller gives up", async () => {
    const signal = AbortSignal.timeout(20);
    const stop = new AbortController();
    signal.addEventListener("abort", () => stop.abort());
    await expect(pair().echo.unary({ delayMs: 500 }, { signal: stop.signal })).rejects.toMatchObject({
      code: "CANCELED",
    });
  });

  test("unary() rejects with UNAVAILABLE when the server goes away, before and after", async () => {
    const { echo, server } = pair();
    const waiting = echo.unary({ delayMs: 5000 });
    await sleep(10);
    const [result] = await Promise.all([waiting.catch((e: unknown) => e), server[Symbol.asyncDispose]()]);
    expect(result).toMatchObject({ code: "UNAVAILABLE", message: "ttrpc: closed" });
    await expect(echo.unary({})).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  test("unary() aborts the handler when the client goes away", async () => {
    aborted = 0;
    const { echo, connection } = pair();
    const waiting = echo.unary({ delayMs: 200 }).catch(() => {});
    await sleep(10);
    await connection[Symbol.asyncDispose]();
    await waiting;
    await sleep(10);
    expect(aborted).toBe(1);
  });

  test("unary() refuses a request of more than 4 MiB and answers a smaller one whole", async () => {
    const { echo } = pair();
    const text = "x".repeat(MAX_DATA_BYTES - 1000);
    expect((await echo.unary({ text })).text).toBe(text);
    await expect(echo.unary({ text: "x".repeat(MAX_DATA_BYTES) })).rejects.toMatchObject({
      code: "RESOURCE_EXHAUSTED",
    });
  });

  test("streams go from server to client, from client to server, and both ways", async () => {
    const { echo } = pair();
    expect(await texts(echo.split({ text: "n", count: 3 }))).toEqual(["n0", "n1", "n2"]);
    expect(await texts(echo.split({ text: "n", count: 0 }))).toEqual([]);
    expect((await echo.join(notes("a", "b", "", "c"))).text).toBe("abc");
    expect((await echo.join(notes())).text).toBe("");
    expect(await texts(echo.mirror(notes("x", "", "z")))).toEqual(["x", "", "z"]);
  });

  test("a stream that fails gives what came before the error", async () => {
    const seen: string[] = [];
    const read = async (): Promise<void> => {
      for await (const { text } of pair().echo.split({ text: "fail", count: 2 })) seen.push(text);
    };
    await expect(read()).rejects.toMatchObject({ code: "DATA_LOSS", message: "lost the rest" });
    expect(seen).toEqual(["fail0", "fail1"]);
  });

  test("the server refuses in the peer's words, and goes on", async () => {
    const { send, frames } = raw();
    send(encodeFrame(2, 1, 0, call("Unary")));
    send(encodeFrame(1, 1, 0, call("Unary")));
    send(encodeFrame(1, 1, 0, call("Unary")));
    send(encodeFrame(3, 1, 0, call("Nope")));
    send(
      encodeFrame(
        5,
        1,
        0,
        encodeRequest({
          ...{ payload: new Uint8Array(), timeoutNanos: 0n, metadata: [] },
          service: "a.B",
          method: "C",
        }),
      ),
    );
    send(encodeFrame(9, 3, 0, new Uint8Array()));
    send(encodeFrame(11, 1, 0, new Uint8Array([0x0a, 0xff])));
    send(encodeFrame(13, 7, 0, new Uint8Array()));
    await sleep(20);
    const byStream = Object.fromEntries(
      frames.map((f) => [f.streamId, decodeResponse(f.data).status?.message]),
    );
    expect(messages(frames)).toContain("StreamID cannot be re-used and must increment");
    expect(byStream[2]).toBe("StreamID must be odd for client initiated streams");
    expect(byStream[3]).toBe("method Nope");
    expect(byStream[5]).toBe("service a.B");
    expect(byStream[9]).toBe("StreamID is no longer active");
    expect(byStream[11]).toMatch(/^unmarshal request error: /);
    expect(byStream[13]).toBeUndefined();
  });

  test("the server survives any bytes, and still answers others", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 }), async (chunks) => {
        const { send, server } = raw();
        for (const chunk of chunks) send(chunk);
        for (const [i, data] of chunks.entries()) send(encodeFrame(2 * i + 1, 1 + (i % 4), i, data));
        await sleep(0);
        await server[Symbol.asyncDispose]();
      }),
      { numRuns: 60 },
    );
    expect((await pair().echo.unary({ text: "alive" })).text).toBe("alive");
  });

  test("the client survives any answer", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), fc.boolean(), async (bytes, framed) => {
        const [a, b] = duplexPair();
        const connection = new TtrpcConnection(a as Duplex);
        const answer = connection.client(Echo).unary({ text: "?" }, { timeoutMs: 500 });
        b.on("data", () => {});
        b.write(framed ? encodeFrame(1, 2, 0, bytes) : bytes);
        b.end();
        const result = await answer.catch((e: unknown) => e);
        expect(typeof result).toBe("object");
        await connection[Symbol.asyncDispose]();
      }),
      { numRuns: 60 },
    );
  });
});
