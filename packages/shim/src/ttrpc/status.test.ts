import { ERROR_CODES, hasCode, RtError } from "@rt/runc/oci";
import { describe, expect, test } from "vitest";
import { RemoteError } from "../errors.ts";
import { decodeResponse, encodeResponse, type Status } from "./codec.ts";
import { errorOf, STATUS_CODES, statusOf } from "./status.ts";

const over = (status: Status): Status =>
  decodeResponse(encodeResponse({ status, payload: new Uint8Array() })).status as Status;

describe("status", () => {
  test.each(ERROR_CODES)("statusOf() and errorOf() keep %s and its text over the wire", (code) => {
    const back = errorOf(over(statusOf(new RtError(code, `cannot do it: ${code}`))));
    expect(back.code).toBe(code);
    expect(back.message).toBe(`cannot do it: ${code}`);
    // And once more, as a service does that passes on what another answered.
    expect(errorOf(over(statusOf(back))).code).toBe(code);
  });

  test("STATUS_CODES has a gRPC number from 1 to 16 for every code, and uses all of them", () => {
    expect(Object.keys(STATUS_CODES).sort()).toEqual([...ERROR_CODES].sort());
    expect([...new Set(Object.values(STATUS_CODES))].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 16 }, (_, i) => i + 1),
    );
  });

  test("errorOf() counts numbers outside gRPC's as UNKNOWN and keeps the peer's text", () => {
    const error = errorOf({ code: 99, message: "what?", details: [] });
    expect(error).toBeInstanceOf(RemoteError);
    expect([error.code, error.message]).toEqual(["UNKNOWN", "what?"]);
  });

  test("errorOf() reads the class of an error with malformed details", () => {
    const details = [{ typeUrl: "type.googleapis.com/google.rpc.ErrorInfo", value: new Uint8Array([0xff]) }];
    expect(hasCode(errorOf({ code: 9, message: "", details }), "FAILED_PRECONDITION")).toBe(true);
  });

  test("statusOf() tells an AbortError as CANCELED", () => {
    expect(statusOf(AbortSignal.abort().reason).code).toBe(1);
  });
});
