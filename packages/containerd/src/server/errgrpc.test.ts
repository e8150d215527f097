import { describe, expect, test } from "vitest";
import { errorCodeOfGrpc, GRPC_CODE } from "../api/wire/grpc_code.ts";
import { addClause, ERROR_CODES, RtError } from "../errors.ts";
import { toGrpcStatus } from "./errgrpc.ts";

describe("toGrpcStatus()", () => {
  test.each(ERROR_CODES)("%s has a gRPC code and comes back as itself or its nearest", (code) => {
    const status = toGrpcStatus(new RtError(code, "text: here"));
    expect(status).toEqual({ code: GRPC_CODE[code], message: "text: here" });
    const back = errorCodeOfGrpc(status.code);
    const nearest: Record<string, string> = {
      CONFLICT: "ALREADY_EXISTS",
      NOT_MODIFIED: "FAILED_PRECONDITION",
    };
    expect(back).toBe(nearest[code] ?? code);
  });

  test("the class of the cause counts, the outermost text is told", () => {
    const err = addClause("cannot x", new RtError("NOT_FOUND", "y: not found"));
    expect(toGrpcStatus(err)).toEqual({ code: 5, message: "cannot x: y: not found" });
  });

  test("whatever else is thrown is unknown; an abort is canceled", () => {
    expect(toGrpcStatus(new TypeError("oops"))).toEqual({ code: 2, message: "oops" });
    expect(toGrpcStatus(AbortSignal.abort().reason).code).toBe(1);
  });
});
