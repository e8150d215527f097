import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RequestSchema, ResponseSchema } from "../api/gen/ttrpc/ttrpc_pb.ts";
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse } from "./codec.ts";

const text = fc.string({ unit: "grapheme" });
const bytes = fc.uint8Array({ maxLength: 50 });

const request = fc.record({
  service: text,
  method: text,
  payload: bytes,
  timeoutNanos: fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }),
  metadata: fc.array(fc.record({ key: text, value: text }), { maxLength: 4 }),
});

const response = fc.record({
  status: fc.option(
    fc.record({
      code: fc.integer({ min: 0, max: 0x7fffffff }),
      message: text,
      details: fc.array(fc.record({ typeUrl: text, value: bytes }), { maxLength: 3 }),
    }),
    { nil: undefined },
  ),
  payload: bytes,
});

/** Without the difference between Buffer and Uint8Array. */
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_k, v) =>
      typeof v === "bigint" ? `${v}n` : v instanceof Uint8Array ? [...v] : (v as unknown),
    ),
  );

describe("codec", () => {
  test("encodeRequest() is what the published definition encodes, and decodeRequest() reads it back", () => {
    fc.assert(
      fc.property(request, (r) => {
        const ours = encodeRequest(r);
        const theirs = fromBinary(RequestSchema, ours);
        expect(plain(theirs.metadata.map(({ key, value }) => ({ key, value })))).toEqual(plain(r.metadata));
        expect([theirs.service, theirs.method, theirs.timeoutNano]).toEqual([
          r.service,
          r.method,
          r.timeoutNanos,
        ]);
        const again = toBinary(RequestSchema, create(RequestSchema, theirs));
        expect(plain(decodeRequest(again))).toEqual(plain(r));
      }),
    );
  });

  test("encodeResponse() is what the published definition encodes, and decodeResponse() reads it back", () => {
    fc.assert(
      fc.property(response, (r) => {
        const theirs = fromBinary(ResponseSchema, encodeResponse(r));
        expect(theirs.status?.code).toBe(r.status?.code);
        expect(theirs.status?.message).toBe(r.status?.message);
        expect(plain(decodeResponse(toBinary(ResponseSchema, theirs)))).toEqual(plain(r));
      }),
    );
  });

  test("decodeRequest() and decodeResponse() throw an Error, nothing else, for any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (b) => {
        for (const decode of [decodeRequest, decodeResponse]) {
          try {
            decode(b);
          } catch (err) {
            expect(err).toBeInstanceOf(Error);
          }
        }
      }),
    );
  });

  test("decodeRequest() skips fields that it does not know", () => {
    const known = encodeRequest({
      service: "s",
      method: "m",
      payload: new Uint8Array(),
      timeoutNanos: 0n,
      metadata: [],
    });
    expect(decodeRequest(Uint8Array.from([...known, 0x78, 0x05])).service).toBe("s");
  });
});
