import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codeOf } from "@rt/runc/oci";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DEFAULT_SOCKET_DIR } from "../config.ts";
import { MAX_SOCKET_PATH_BYTES } from "../host/unix_socket.ts";
import { groupOf, groupSocket } from "./group.ts";

let bundle: string;
beforeEach(() => {
  bundle = mkdtempSync(join(tmpdir(), "rt-group-"));
});
afterEach(() => rmSync(bundle, { recursive: true }));

function group(annotations?: Record<string, string>): string {
  writeFileSync(join(bundle, "config.json"), JSON.stringify({ ociVersion: "1.0.2", annotations }));
  return groupOf(bundle);
}

describe("groupOf()", () => {
  test("groupOf() puts containers without annotations into one group, those of a pod into another", () => {
    expect(group()).toBe(group({ other: "x" }));
    expect(group({ "io.kubernetes.cri.sandbox-id": "pod1" })).toBe("pod1");
    const both = { "io.kubernetes.cri.sandbox-id": "pod1", "io.containerd.runc.v2.group": "g" };
    expect(group(both)).toBe("g");
  });

  test("groupOf() tells a missing config.json from a malformed one", () => {
    const code = (): string => {
      try {
        return groupOf(bundle);
      } catch (err) {
        return codeOf(err);
      }
    };
    expect(code()).toBe("NOT_FOUND");
    writeFileSync(join(bundle, "config.json"), "{");
    expect(code()).toBe("INVALID_ARGUMENT");
  });
});

describe("groupSocket()", () => {
  test("groupSocket() differs by containerd, namespace and group, and fits a socket's path", () => {
    const paths = [
      groupSocket(DEFAULT_SOCKET_DIR, "/a", "n", "g"),
      groupSocket(DEFAULT_SOCKET_DIR, "/b", "n", "g"),
      groupSocket(DEFAULT_SOCKET_DIR, "/a", "m", "g"),
      groupSocket(DEFAULT_SOCKET_DIR, "/a", "n", "h"),
    ];
    expect(new Set(paths).size).toBe(4);
    expect(Buffer.byteLength(paths[0] ?? "")).toBeLessThanOrEqual(MAX_SOCKET_PATH_BYTES);
  });

  test("groupSocket() is where containerd's own shims would listen for the same group", () => {
    // As containerd-shim-runc-v2 1.6.20 answered to `start`.
    expect(groupSocket("/run/containerd/s", "/tmp/rts/w1/c.sock", "rt-ns", "rt-t1")).toBe(
      "/run/containerd/s/22998e3a5488bcc0837ee0488113a83c17851396e49f2bb8c033a3ae6fd2b232",
    );
  });
});
