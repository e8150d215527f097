import { mkdtempSync, rmSync, statSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CriRuntime, IMAGE_METHODS, ImageService, RUNTIME_METHODS, RuntimeService } from "../api/cri.ts";
import { PodSandboxStatusRequestSchema } from "../api/gen/runtime/v1/api_pb.ts";
import { errorCodeOfGrpc, GRPC_CODE } from "../api/grpc_code.ts";
import { createCriClient } from "../client/cri_client.ts";
import { ERROR_CODES, RtError } from "../errors.ts";
import { type CriServer, serveCri } from "./grpc_server.ts";

/** A runtime whose every call fails as it is told. */
let failure: unknown;
const methods = (names: readonly string[]): object =>
  Object.fromEntries(names.map((name) => [name, () => Promise.reject(failure)]));
const runtime = {
  runtime: methods(RUNTIME_METHODS),
  images: methods(IMAGE_METHODS),
  [Symbol.asyncDispose]: async () => {},
} as unknown as CriRuntime;

let directory: string;
let server: CriServer;
let client: CriRuntime;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "rt-cri-grpc-"));
  server = await serveCri(join(directory, "cri.sock"), runtime);
  client = createCriClient({ address: `unix://${server.address}` });
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

/** One unary call with a body of our making. */
function call(path: string, body: Uint8Array): Promise<{ status: string; message: string }> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2("http://localhost", { createConnection: () => connect(server.address) });
    session.once("error", reject);
    const headers = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
    const stream = session.request(headers);
    let found: Record<string, unknown> = {};
    stream.on("response", (h) => (found = { ...found, ...h }));
    stream.on("trailers", (h) => (found = { ...found, ...h }));
    stream.once("error", reject);
    stream.on("data", () => {});
    stream.on("close", () => {
      session.close();
      resolve({
        status: String(found["grpc-status"]),
        message: decodeURIComponent(String(found["grpc-message"] ?? "")),
      });
    });
    stream.end(body);
  });
}

function frame(message: Uint8Array): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

describe("serveCri()", () => {
  test("is for its owner alone", () => {
    expect(statSync(server.address).mode & 0o777).toBe(0o600);
  });

  test("carries every error class and text to the client and back", async () => {
    for (const code of ERROR_CODES) {
      failure = new RtError(code, `cannot do it: é ${code}`);
      const err = await client.runtime.version({}).then(
        () => undefined,
        (e: unknown) => e,
      );
      expect(err).toMatchObject({
        code: errorCodeOfGrpc(GRPC_CODE[code]),
        message: `cannot do it: é ${code}`,
      });
    }
  });

  test("answers UNIMPLEMENTED for every method that is not served, and for what is no method", async () => {
    const all = [RuntimeService, ImageService].flatMap((service) =>
      Object.values(service.method).map((m) => [m.localName, `/${service.typeName}/${m.name}`] as const),
    );
    const served: readonly string[] = [...RUNTIME_METHODS, ...IMAGE_METHODS];
    expect(all.length).toBe(43);
    for (const [name, path] of all.filter(([n]) => !served.includes(n))) {
      expect([name, (await call(path, frame(Buffer.alloc(0)))).status]).toEqual([name, "12"]);
    }
    expect(await call("/runtime.v1.RuntimeService/Nonsense", frame(Buffer.alloc(0)))).toEqual({
      status: "12",
      message: "unknown method Nonsense for service runtime.v1.RuntimeService",
    });
    expect((await call("/", frame(Buffer.alloc(0)))).status).toBe("12");
  });

  test("answers malformed messages with an error, and lives on", async () => {
    failure = new RtError("NOT_FOUND", "reached the runtime");
    const path = "/runtime.v1.RuntimeService/PodSandboxStatus";
    const good = toBinary(
      PodSandboxStatusRequestSchema,
      create(PodSandboxStatusRequestSchema, { podSandboxId: "x" }),
    );
    expect((await call(path, frame(good))).status).toBe("5");
    const malformed = [Buffer.from([0x0a, 0xff]), Buffer.from([0x0a, 0x02, 0x61]), Buffer.from([0xff])];
    for (const body of malformed) expect(["3", "13"]).toContain((await call(path, frame(body))).status);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), fc.boolean(), async (bytes, framed) => {
        const { status } = await call(path, framed ? frame(bytes) : bytes);
        expect(Number(status)).toBeGreaterThan(0);
      }),
      { numRuns: 60 },
    );
    expect((await call(path, frame(good))).status).toBe("5");
  });

  test("takes no message that is longer than the limit", async () => {
    const header = Buffer.from([0, 0xff, 0xff, 0xff, 0xff]);
    const { status } = await call("/runtime.v1.RuntimeService/Version", header);
    expect(Number(status)).toBeGreaterThan(0);
  });
});
