import { create, toBinary } from "@bufbuild/protobuf";
import { hasCode } from "@rt/runc/oci";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  BootstrapParamsSchema,
  BootstrapResultSchema,
} from "../api/gen/containerd/runtime/bootstrap/v1/bootstrap_pb.ts";
import { readStartInput, startAnswer } from "../server/bootstrap.ts";
import { parseStartAnswer, shimProgramName } from "./bootstrap.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("parseStartAnswer()", () => {
  const expected = { address: "unix:///run/containerd/s/abc", version: 3, protocol: "ttrpc" };

  test("parseStartAnswer() reads BootstrapResult in binary (containerd 2.3)", () => {
    const answer = toBinary(BootstrapResultSchema, create(BootstrapResultSchema, expected));
    expect(parseStartAnswer(answer)).toEqual(expected);
  });

  test("parseStartAnswer() reads JSON (containerd 2.0)", () => {
    expect(parseStartAnswer(bytes(JSON.stringify(expected)))).toEqual(expected);
  });

  test("parseStartAnswer() reads a bare address (containerd 1.x)", () => {
    expect(parseStartAnswer(bytes("unix:///run/containerd/s/abc\n"))).toEqual({ ...expected, version: 2 });
  });

  test("parseStartAnswer() refuses versions, protocols and words that are none", () => {
    const refused = (text: string, code: "NOT_IMPLEMENTED" | "INVALID_ARGUMENT"): void => {
      try {
        parseStartAnswer(bytes(text));
        expect.unreachable();
      } catch (err) {
        expect(hasCode(err, code)).toBe(true);
      }
    };
    refused('{"version":4,"address":"unix:///a","protocol":"ttrpc"}', "NOT_IMPLEMENTED");
    refused('{"version":3,"address":"unix:///a","protocol":"grpc"}', "NOT_IMPLEMENTED");
    refused("panic: what", "INVALID_ARGUMENT");
    refused("", "INVALID_ARGUMENT");
  });

  test("parseStartAnswer() answers or throws an Error for any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (b) => {
        try {
          expect(parseStartAnswer(b).address).toMatch(/^(unix:|\/)/);
        } catch (err) {
          expect(err).toBeInstanceOf(Error);
        }
      }),
    );
  });
});

describe("readStartInput()", () => {
  const params = (instanceId: string): Uint8Array =>
    toBinary(
      BootstrapParamsSchema,
      create(BootstrapParamsSchema, {
        ...{ instanceId, namespace: "k8s.io", containerdTtrpcAddress: "/t", containerdGrpcAddress: "/g" },
        socketDir: "/s",
      }),
    );

  test("readStartInput() tells parameters by id and namespace, and the answer is in kind", async () => {
    const input = await readStartInput(params("web"), "web", "k8s.io");
    expect(input).toEqual({ kind: "params", ttrpcAddress: "/t", grpcAddress: "/g", socketDir: "/s" });
    expect(parseStartAnswer(await startAnswer(input, "/run/s/1"))).toEqual({
      address: "unix:///run/s/1",
      version: 3,
      protocol: "ttrpc",
    });
  });

  test("readStartInput() takes everything else for options of an older containerd", async () => {
    for (const input of [new Uint8Array(), params("other"), new Uint8Array([0xff]), bytes("\n\x03abc")]) {
      const read = await readStartInput(input, "web", "k8s.io");
      expect(read).toEqual({ kind: "options" });
      expect(new TextDecoder().decode(await startAnswer(read, "/run/s/1"))).toBe("unix:///run/s/1");
    }
  });
});

describe("shimProgramName()", () => {
  test("shimProgramName() takes the last two parts of a runtime's name, and paths as they are", () => {
    expect(shimProgramName("io.containerd.runc.v2")).toBe("containerd-shim-runc-v2");
    expect(shimProgramName("io.containerd.rt.v2")).toBe("containerd-shim-rt-v2");
    expect(shimProgramName("/opt/shim")).toBe("/opt/shim");
    expect(() => shimProgramName("runc")).toThrow("invalid runtime name runc");
    expect(() => shimProgramName("a.")).toThrow("invalid runtime name");
  });
});
